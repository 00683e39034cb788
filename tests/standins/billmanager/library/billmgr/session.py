# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of whoever has a form open, of which no measurement asks."""
