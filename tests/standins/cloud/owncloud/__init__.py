# SPDX-License-Identifier: GPL-3.0-or-later
"""The product ownCloud 10.15.2, as recorded (tests/contract/recordings/owncloud-10.15.2.jsonl).

What is not recorded follows ownCloud's source, and says so where it stands. Log-in, quota texts, WebDAV, seeds and
faults are those of the other modules of the stand-in, as far as ownCloud does the same.
"""
