# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for the Python library of BILLmanager: see ``billmgr``."""
