# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge between BILLmanager's operations and the clouds' playbooks."""
