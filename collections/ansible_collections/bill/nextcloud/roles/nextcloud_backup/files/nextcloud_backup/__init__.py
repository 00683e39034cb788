# SPDX-License-Identifier: GPL-3.0-or-later
"""Backs a Nextcloud or ownCloud up to a repository of restic's or Borg's, restores it, and tries restoring.

Runs on the cloud's server, as root, with Python 3.9 or later and nothing but its standard library.
"""
