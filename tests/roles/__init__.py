# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that set servers up, with the real programs that they set up."""
