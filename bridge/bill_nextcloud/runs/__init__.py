# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook runs: carried out on this machine (``run``), or sent over SSH to worker hosts (``workers``), where
``run_worker`` carries them out."""
