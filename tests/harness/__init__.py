# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the real parts (bridge, playbooks) between the stand-ins, for the demonstration and the tests."""
