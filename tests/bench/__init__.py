# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench``: what the bridge takes, measured on the real parts between the stand-ins. Not a test: nothing in the
suite depends on a time."""
