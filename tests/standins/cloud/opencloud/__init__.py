# SPDX-License-Identifier: GPL-3.0-or-later
"""The product OpenCloud 0.1.0 (LibreGraph), as recorded; what is from its source alone says so.

The source is opencloud-eu/opencloud at commit ebba86148, the recorded build. Paths in docstrings are paths there.
"""
