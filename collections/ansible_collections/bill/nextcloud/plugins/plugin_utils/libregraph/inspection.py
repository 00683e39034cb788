# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be found out about a LibreGraph cloud."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import UNKNOWN
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.graph import READ_ONLY, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.session import API, GraphSession

_CAPABILITIES = "/ocs/v1.php/cloud/capabilities"
_INCOMPLETE = 400


class LibreGraphInspection:
    """See :class:`backend.Inspection`.

    :param session: logged in as an administrator.
    """

    def __init__(self, session: GraphSession) -> None:
        self._session = session
        self._capabilities: dict[str, t.Any] | None = None

    def read_capabilities(self) -> dict[str, t.Any]:
        """Return the capabilities, the one thing that is still told by the OCS API. They are asked for once."""
        if self._capabilities is None:
            reply = self._session.request("GET", _CAPABILITIES, query={"format": "json"})
            require(reply, {})
            found = _inner(reply.data, "ocs", "data", "capabilities")
            if not isinstance(found, dict):
                raise reply.error("not_an_answer", "It holds no capabilities.")
            self._capabilities = found
        return self._capabilities

    def require_writable(self) -> None:
        """Raise unless the cloud may change its directory of accounts.

        :raises CloudError: ``backend_refused``.
        """
        users = _inner(self.read_capabilities(), "graph", "users")
        if _inner(users, "create_disabled") is True or _inner(users, "delete_disabled") is True:
            raise CloudError("backend_refused", f"{READ_ONLY} OC_LDAP_SERVER_WRITE_ENABLED is false there.")

    def prove_write(self) -> None:
        """Send a writing request that can have no effect: the creation of an account without a name.

        A server looks at what is asked for only after the acting account was found to be allowed to change accounts
        (``RequireAdmin``, then ``PostUser``). Whether its directory may be changed shows in the capabilities.

        :raises CloudError: ``write_not_permitted``; ``backend_refused`` for a directory that the cloud may only read;
            ``refused`` when the answer is none of those.
        """
        reply = self._session.request("POST", API + "/users", json={})
        if reply.status != _INCOMPLETE:
            raise reply.error("refused", f"An account without a name was not answered with status {_INCOMPLETE}.")
        self.require_writable()

    def limits(self, capabilities: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return what limits accounts; it never mails to them and takes those without an e-mail address."""
        maximum = _inner(capabilities, "spaces", "max_quota")  # 0: none
        known = isinstance(maximum, int) and not isinstance(maximum, bool)
        length = _inner(capabilities, "password_policy", "min_characters")
        return {
            "quota_default": UNKNOWN,
            "quota_maximum": (maximum or None) if known else UNKNOWN,
            "quota_allow_unlimited": True if known and not maximum else None,
            "password_min_length": length if isinstance(length, int) else None,
            "email_required": False,
            "mails_new_accounts": False,
            "login_delay_milliseconds": None,
        }

    def free_space(self) -> int | None:
        """Return None: the API does not tell."""
        return None


def _inner(found: t.Any, *names: str) -> t.Any:
    """Return what lies in nested objects; None when it does not."""
    for name in names:
        found = found.get(name) if isinstance(found, t.Mapping) else None
    return found
