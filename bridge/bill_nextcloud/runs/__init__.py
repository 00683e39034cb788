# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook runs: what one is to do, and how it is carried out."""
