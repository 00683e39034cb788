# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole product as its users meet it."""
