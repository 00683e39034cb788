# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's command, ``bill-nextcloud``: a module for each group of its commands."""

from bill_nextcloud.cli.application import main

__all__ = ["main"]
