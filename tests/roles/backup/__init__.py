# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup and restore of a cloud: real restic, Borg, databases and PHP, on an installation with config.php and occ."""
