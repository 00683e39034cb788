# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a Nextcloud: one method for each call of its provisioning API.

Every method sends one request and raises :class:`CloudError`: a definite refusal, or a fault whose ``outcome_unknown``
says that the change may have taken effect. Nothing here decides what to do then.
Codes: Nextcloud 31, ``apps/provisioning_api/lib/Controller/{Users,Groups}Controller.php``.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account, Wish
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import Reply
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

CREATE_SECONDS = 120.0
"""A welcome mail is sent within the request."""
DELETE_SECONDS = 600.0
"""The files are deleted within the request."""
MAX_FAILED_PROOFS = 5
"""After 10 failed log-ins Nextcloud blocks our address, for everybody."""

NAME_TAKEN = 102

# own code of the call -> code of errors.TABLE; anything else is "refused"
_CREATE = {
    101: "invalid_value",
    NAME_TAKEN: "account_conflict",
    104: "group_missing",
    107: "password_refused",
    108: "password_refused",
    109: "group_missing",
    110: "invalid_value",
    111: "backend_refused",
    112: "backend_refused",
}
_EDIT = {101: "invalid_value", 107: "invalid_value", 112: "backend_refused", 113: "invalid_value"}
_GROUP = {101: "invalid_value", 102: "group_missing", 103: "account_missing"}

_KEYS = {"quota": "quota", "email": "email", "display_name": "displayname", "language": "language"}
"""Field of an account -> key of ``PUT users/{id}``."""


class Nextcloud:
    """The accounts of one cloud.

    :param session: logged in as an administrator.
    :param acting_name: the administrator's log-in name; this account is never changed.
    :param log_in: makes a session with other credentials, for proofs.
    """

    def __init__(self, session: Session, acting_name: str, log_in: t.Callable[[str, str], Session]) -> None:
        self._session = session
        self._acting_name = acting_name
        self._log_in = log_in
        self._failed_proofs = 0

    def read(self, name: str) -> Account | None:
        """Return an account, or None when there is none of this name.

        :raises CloudError: ``account_conflict`` when the cloud answers with another account (its look-up ignores case);
            ``protected_account`` for administrators and the acting account.
        """
        reply = self._session.request("GET", _user(name))
        if reply.missing:
            return None
        _require(reply, {})
        try:
            account = Account.from_record(reply.data)
        except ValueError as error:
            raise reply.error("not_an_answer", f"{error}.") from error
        if account.name != name:
            raise reply.error("account_conflict", f"The cloud has it as {account.name}.")
        if account.is_admin:
            raise reply.error("protected_account", "It is a member of group admin.")
        if name.lower() == self._acting_name.lower():
            raise reply.error("protected_account", "It is the acting account.")
        return account

    def create(self, wish: Wish) -> None:
        """Create an account with everything that is wished, in one request (creation is not rate-limited)."""
        form = [("userid", wish.name), ("password", wish.password or "")]
        form += [
            (key, value)
            for key, value in (
                ("displayName", wish.display_name),
                ("email", wish.email),
                ("quota", _quota_text(wish)),
                ("language", wish.language),
            )
            if value
        ]
        form += [("groups[]", group) for group in wish.groups]
        _require(self._session.request("POST", "/users", form=form, read_seconds=CREATE_SECONDS), _CREATE)

    def set_field(self, name: str, field: str, wish: Wish) -> None:
        """Set ``quota``, ``email``, ``display_name`` or ``language`` to what is wished (rate-limited: 50 in 600 s)."""
        value = _quota_text(wish) if field == "quota" else getattr(wish, field)
        form = [("key", _KEYS[field]), ("value", value or "")]
        reply = self._session.request("PUT", _user(name), form=form)
        if reply.missing:
            raise reply.error("account_missing")
        _require(reply, _EDIT)

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Enable or disable an account."""
        _require(self._session.request("PUT", _user(name) + ("/enable" if enabled else "/disable")), {})

    def add_group(self, name: str, group: str) -> None:
        """Make an account a member of a group."""
        _require_group(self._session.request("POST", _user(name) + "/groups", form=[("groupid", group)]), group)

    def remove_group(self, name: str, group: str) -> None:
        """End an account's membership of a group. The group is in the query: proxies drop the body of a DELETE."""
        _require_group(self._session.request("DELETE", _user(name) + "/groups", query={"groupid": group}), group)

    def delete(self, name: str) -> None:
        """Delete an account and its files; one that is gone already is fine."""
        reply = self._session.request("DELETE", _user(name), read_seconds=DELETE_SECONDS)
        if not reply.missing:
            _require(reply, {})

    def proves(self, name: str, password: str) -> bool:
        """Whether one log-in with this name and password succeeds.

        :raises CloudError: ``rate_limited``, without a log-in, after too many failed ones in this task; or a fault that
            says nothing about the password.
        """
        if self._failed_proofs >= MAX_FAILED_PROOFS:
            raise CloudError(
                "rate_limited",
                f"{MAX_FAILED_PROOFS} log-ins as the accounts asked for failed in this task. No more are tried, so that"
                " this address is not blocked.",
                request="GET /ocs/v2.php/cloud/user",
            )
        session = self._log_in(name, password)
        try:
            reply = session.request("GET", "/user")
            proven = reply.ok and isinstance(reply.data, dict) and reply.data.get("id") == name
        except CloudError as error:
            if error.code not in ("wrong_credentials", "write_not_permitted"):
                raise
            proven = False
        finally:
            session.close()
        self._failed_proofs += not proven
        return proven


def _user(name: str) -> str:
    return "/users/" + quote(name, safe="")


def _quota_text(wish: Wish) -> str | None:
    if wish.quota is None:
        return None
    return "none" if wish.quota.size is None else str(wish.quota.size)


def _require(reply: Reply, codes: t.Mapping[int, str]) -> None:
    """Raise a definite refusal unless the call was carried out."""
    if not reply.ok:
        raise reply.error(codes.get(reply.code, "refused"))


def _require_group(reply: Reply, group: str) -> None:
    """The same for a group, which the cloud's refusal does not name."""
    if not reply.ok and _GROUP.get(reply.code) == "group_missing":
        raise reply.error("group_missing", f'It is "{group}".')
    _require(reply, _GROUP)
