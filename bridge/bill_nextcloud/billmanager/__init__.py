# SPDX-License-Identifier: GPL-3.0-or-later
"""All that knows BILLmanager: its command, its database, its messages."""
