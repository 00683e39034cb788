# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as its users get it: built, installed, and its documentation followed."""
