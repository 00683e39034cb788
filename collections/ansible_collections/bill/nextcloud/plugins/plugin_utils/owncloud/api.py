# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provisioning API of an ownCloud 10 or 11, over one log-in.

It is asked in version 1 of OCS: version 2 folds nearly all codes of its own into 400 (``OC_API::mapStatusCodes``).

Its 401 (code 997) does not say that a log-in was wrong. It is also the answer to a change of an account that does not
exist, or whose field may not be set, and to everything that the acting account may not do. So a session begins with
the question who is logged in, which every account may ask: a 401 there is one of the log-in, and none is after it.

It is also the only call that leaves a session behind, since it is not one of the provisioning API itself: with its
cookie the other calls check no password (``OC_API::loginUser``).
"""

from __future__ import annotations

import threading
import typing as t
from urllib.parse import quote

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import ocs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

API = "/ocs/v1.php/cloud"
"""The provisioning API, below the cloud's root."""

UNAUTHORISED = 997
OWN_CODES = frozenset({403, UNAUTHORISED})
"""What a session of ownCloud is to hand on: 403 is what it says of a password that it does not take."""

LIST_SECONDS = 300.0
"""All members of a big group come in one answer, and so do all groups."""


class OwncloudApi:
    """Requests of the acting account.

    :param session: with ``OWN_CODES``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._acting: ocs.Reply | None = None
        self._refusal: CloudError | None = None
        self._lock = threading.Lock()  # during the log-in, for which all threads wait

    def acting(self) -> ocs.Reply:
        """Log in, unless that was done, and return what the cloud said of the account that is logged in.

        :raises CloudError: ``wrong_credentials``, with the cloud's words: the account may be disabled, or blocked after
            too many failed log-ins. They are not tried again.
        """
        with self._lock:
            if self._refusal is not None:
                raise self._refusal.for_others()
            if self._acting is None:
                self._acting = self._log_in()
            return self._acting

    def _log_in(self) -> ocs.Reply:
        reply = self._session.request("GET", API + "/user")
        if reply.code == UNAUTHORISED:
            self._refusal = reply.error("wrong_credentials")
            raise self._refusal
        ocs.require(reply, {})
        if not isinstance(reply.data, dict) or not isinstance(reply.data.get("id"), str):
            raise reply.error("not_an_answer", "It does not tell who is logged in.")
        return reply

    @property
    def acting_name(self) -> str:
        """The name of the account that is logged in, which need not be what it logs in with."""
        return str(self.acting().data["id"])

    def request(
        self,
        method: str,
        path: str,
        *,
        query: t.Mapping[str, str] | None = None,
        form: list[tuple[str, str]] | None = None,
        read_seconds: float | None = None,
    ) -> ocs.Reply:
        """Send one request and return the reply, after a log-in.

        :param path: below the provisioning API, percent-encoded.
        :raises CloudError: see :meth:`acting` and :class:`Session`.
        """
        self.acting()
        return self._session.request(method, API + path, query=query, form=form, read_seconds=read_seconds)


def require(reply: ocs.Reply, codes: t.Mapping[int, str]) -> None:
    """Raise a definite refusal unless the call was carried out; see :func:`ocs.require`."""
    ocs.require(reply, {UNAUTHORISED: "write_not_permitted", **codes})


def user_path(name: str) -> str:
    """Return the path of an account."""
    return f"/users/{quote(name, safe='')}"


def group_path(name: str) -> str:
    """Return the path of a group, whose name has no slash: the server finds no such call (``%2F``)."""
    return f"/groups/{quote(name, safe='')}"
