# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of `occ`, the administrators' command of Nextcloud and ownCloud, as recorded from real servers
(tests/contract/recordings/*-occ.jsonl).

`program.py` is installed as the file `occ` (`installation`). It hands its arguments to the running stand-in, which
carries the command out (`service`) on the accounts that its API shows as well. What is not recorded follows what a real
Nextcloud 31.0.6 answered, or the source (core/Command, Symfony's Console), and says so where it stands.
"""
