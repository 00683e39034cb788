# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of BILLmanager's own library for Python modules as ISPsystem's module bill-nextcloud uses (its source names
the functions, other published modules their results), for measuring it beside the bridge.

It reads the panel's tables from the file that BILLMANAGER_DATABASE names. What would write, or call mgrctl, does
nothing and costs nothing: the measurement ends the operation itself, and in doubt the other module is the faster one.
"""
