# SPDX-License-Identifier: GPL-3.0-or-later
"""A small server that answers as Nextcloud 31.0.6 does, for tests and demonstrations.

It speaks the provisioning API (OCS) and the accounts' own WebDAV, as recorded from a real server
(tests/contract/recordings). It shares no code with the bridge or the collection. Everything is kept in memory.
"""
