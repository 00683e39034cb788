# SPDX-License-Identifier: GPL-3.0-or-later
"""What sold accounts use: read once a day for BILLmanager's statistics, and kept for the register of a month."""
