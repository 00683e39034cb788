# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log-ins as the accounts themselves, where everything else is done by occ: they need the cloud's address only."""

from __future__ import annotations

import threading

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs


class LogIns:
    """Proves passwords where the cloud's address is known, one at a time, from any thread.

    :param proofs: tries them. None: the address is not known.
    """

    def __init__(self, proofs: Proofs | None) -> None:
        self._proofs = proofs
        self._lock = threading.Lock()

    @property
    def may_try_passwords(self) -> bool:
        """Whether there is an address to log in at, and another failed log-in would be harmless."""
        return self._proofs is not None and self._proofs.may_try

    def proves(self, name: str, password: str) -> bool:
        """Whether a log-in with this name and password succeeds, see :meth:`Proofs.proves`.

        :raises CloudError: ``unsupported`` without an address; see :meth:`Proofs.proves`.
        """
        if self._proofs is None:
            raise CloudError("unsupported", "Without api_url there is no address at which its password can be tried.")
        with self._lock:
            return self._proofs.proves(name, password)
