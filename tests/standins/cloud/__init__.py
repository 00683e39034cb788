# SPDX-License-Identifier: GPL-3.0-or-later
"""A small server that answers as one of the recorded servers does (`products.PRODUCTS`), for tests and demonstrations.

It speaks the provisioning API and the accounts' own WebDAV, as recorded from real servers
(tests/contract/recordings). It shares no code with the bridge or the collection. Everything is kept in memory.
"""
