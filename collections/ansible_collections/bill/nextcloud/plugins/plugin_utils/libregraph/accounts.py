# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a LibreGraph cloud (oCIS, OpenCloud): one method for each call.

Every method raises :class:`CloudError`: a definite refusal, or a fault whose ``outcome_unknown`` says that the change
may have taken effect. Nothing here decides what to do then.
Source: OpenCloud 0.1.0, ``services/graph/pkg/service/v0/{users,drives,groups}.go``, and recorded answers.
"""

from __future__ import annotations

import threading
import typing as t
from dataclasses import replace
from urllib.parse import quote

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account, check_name
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Abilities
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.graph import (
    read_list,
    read_object,
    require,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.groups import (
    LIST_BYTES,
    LibreGraphGroups,
    group_path,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.listing import quoted_search
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.records import (
    NAME_KEY,
    Drive,
    Found,
    read_drive,
    read_found,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.session import API, ME, GraphSession
from ansible_collections.bill.nextcloud.plugins.plugin_utils.listed import Listed
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs, logs_in_as

DELETE_SECONDS = 600.0
"""The files are deleted within the request."""

_USERS = API + "/users"
_INVALID_USERNAME = "invalid username"
_NAME_RULE = (
    "By default a name begins with a letter or _, holds no space, and what follows an @ could be a host name;"
    " GRAPH_USERNAME_MATCH=none on the server takes all."
)
_NO_DISABLING = "disable user mechanism"

ABILITIES = Abilities(
    "oCIS or OpenCloud",
    created_with=frozenset({"enabled", "email", "display_name"}),
    cannot=frozenset({"group_admin_of", "invite", "manager"}),
    ignores=frozenset({"language"}),  # everybody sets their own; a PATCH by another is refused
    creates_at_once=True,
    removes_emails=False,
    smallest_quota=1,  # 0 is unlimited there
    group_display_names=False,
)


class LibreGraphAccounts:
    """The accounts of one cloud, see :class:`backend.Accounts`.

    :param session: logged in as an administrator.
    :param groups: of the same cloud.
    :param log_in: makes a session with other credentials, for proofs.
    :param takes_passwords: asks the cloud whether an account can log in by its name and password.
    :param require_writable: raises unless the cloud may change its directory of accounts.
    :param listed: what lists have shown already.
    """

    def __init__(
        self,
        session: GraphSession,
        groups: LibreGraphGroups,
        log_in: t.Callable[[str, str], GraphSession],
        takes_passwords: t.Callable[[], bool],
        require_writable: t.Callable[[], None],
        listed: Listed,
    ) -> None:
        self._session = session
        self._groups = groups
        self._ask_for_passwords = takes_passwords
        self._takes_passwords: bool | None = None
        self._require_writable = require_writable
        self._listed = listed
        self._proofs = Proofs(
            lambda name, password: logs_in_as(log_in(name, password), ME, name, NAME_KEY), f"GET {ME}"
        )
        self._asking = threading.Lock()  # while something is asked once for all accounts, so that two threads do not
        self._acting: Found | None = None
        self._known: dict[str, Found] = {}

    @property
    def abilities(self) -> Abilities:
        """What the product can do."""
        return ABILITIES

    def check_name(self, name: str) -> None:
        """Check a name by the rules that all products share: how strict this one is, only the cloud knows.

        :raises CloudError: ``invalid_name``.
        """
        check_name(name)

    def read(self, name: str) -> Account | None:
        """Return an account that may be changed, or None when there is none of this name.

        :raises CloudError: as :meth:`look_up`; ``protected_account`` for administrators and the acting account.
        """
        listed = self._listed.take(name)
        if listed is not None and name != self._read_acting().account.name:
            return listed
        found = self._find(name)
        if found is None:
            return None
        if found.account.is_admin:
            raise CloudError("protected_account", "It has the role of an administrator.", request=f"GET {_user(name)}")
        if found.id == self._read_acting().id:
            raise CloudError("protected_account", "It is the acting account.", request=f"GET {_user(name)}")
        return found.account

    def look_up(self, name: str) -> Account | None:
        """Return any account, or None when there is none of this name.

        :raises CloudError: ``account_conflict`` when the cloud answers with another account (its look-up ignores case,
            and takes ids for names).
        """
        found = self._find(name)
        return found.account if found is not None else None

    def read_acting(self) -> Account:
        """Return the account that is logged in, which need not be allowed to read others."""
        return self._read_acting().account

    def _read_acting(self) -> Found:
        """Return who is logged in, which is asked once."""
        with self._asking:
            if self._acting is None:
                reply = self._session.request("GET", ME, query={"$expand": "memberOf,appRoleAssignments"})
                require(reply, {})
                self._acting = read_found(reply, read_object(reply), None)
            return self._acting

    def _find(self, name: str) -> Found | None:
        self.check_name(name)
        self._known.pop(name, None)
        query = {"$expand": "drive,memberOf,appRoleAssignments"}
        reply = self._session.request("GET", _user(name), query=query)
        if reply.missing:
            return None
        require(reply, {})
        record = read_object(reply)
        found = read_found(reply, record, read_drive(record.get("drive")))
        if found.account.name != name:
            raise reply.error("account_conflict", f"The cloud has it as {found.account.name}.")
        if not found.tells_enabled and self._read_acting().tells_enabled:
            # ``GetUser`` in services/graph/pkg/identity/ldap.go: its look-up in the group of the disabled has failed.
            raise reply.error("not_an_answer", "It does not tell whether the account is enabled.")
        if found.account.email is None:
            found = replace(found, account=replace(found.account, email=self._read_email(found)))
        self._known[name] = found
        return found

    def _read_email(self, found: Found) -> str | None:
        """Return an account's address, which a list shows to administrators, and the account's own record does not
        unless the server is told to (``OC_SHOW_USER_EMAIL_IN_RESULTS``)."""
        query = {"$search": quoted_search(found.account.name)}
        reply = self._session.request("GET", _USERS, query=query, max_bytes=LIST_BYTES)
        require(reply, {})
        for record in read_list(reply):
            if record.get("id") == found.id:
                return record.get("mail") or None
        raise reply.error("not_an_answer", f"It does not list {found.account.name}, so its address is not known.")

    def create(self, wish: Wish) -> None:
        """Create an account with its password, address and display name, in one request."""
        body = {
            NAME_KEY: wish.name,
            "displayName": wish.display_name or wish.name,
            "passwordProfile": {"password": wish.password},
        }
        if wish.email:
            body["mail"] = wish.email
        reply = self._session.request("POST", _USERS, json=body)
        words = reply.message.lower()  # nothing else tells what of it was refused
        if reply.status == 400 and _INVALID_USERNAME in words:
            raise reply.error("invalid_name", _NAME_RULE)
        refusal = "password_refused" if "password" in words else "invalid_value"
        require(reply, {400: refusal, 409: "account_conflict"})

    def set_field(self, name: str, field: str, wish: Wish) -> None:
        """Set ``quota``, ``email``, ``display_name`` or ``password`` to what is wished.

        :raises CloudError: ``not_yet`` for the quota of an account that has no storage before its first log-in.
        """
        if field == "quota":
            self._set_quota(name, wish)
        elif field == "email":
            self._change(name, {"mail": wish.email})
        elif field == "display_name":
            self._change(name, {"displayName": wish.display_name})
        else:
            self._change(name, {"passwordProfile": {"password": wish.password}}, "password_refused")

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Enable or disable an account.

        :raises CloudError: ``unsupported`` where the server has no means of disabling.
        """
        try:
            self._change(name, {"accountEnabled": enabled})
        except CloudError as error:
            if _NO_DISABLING not in error.message:
                raise
            message = f"{error.message} OC_LDAP_DISABLE_USER_MECHANISM is none on the server."
            raise error.recoded("unsupported", message, outcome_unknown=False) from error
        if name in self._known:
            found = self._known[name]
            self._known[name] = replace(found, account=replace(found.account, enabled=enabled))

    def _change(self, name: str, body: dict[str, t.Any], refusal: str = "invalid_value") -> None:
        reply = self._session.request("PATCH", _user(self._id(name)), json=body)
        require(reply, {400: refusal, 404: "account_missing"})

    def add_group(self, name: str, group: str) -> None:
        """Make an account a member of a group."""
        path = group_path(self._groups.id_of(group)) + "/members/$ref"
        reply = self._session.request("POST", path, json={"@odata.id": self._session.url(_user(self._id(name)))})
        if reply.missing:
            raise reply.error("account_missing" if group in self._groups.names() else "group_missing")
        require(reply, {})

    def remove_group(self, name: str, group: str) -> None:
        """End an account's membership of a group; one that is gone already is fine."""
        if not self._groups.exists(group):
            return
        path = f"{group_path(self._groups.id_of(group))}/members/{quote(self._id(name), safe='')}/$ref"
        reply = self._session.request("DELETE", path)
        if not reply.missing:
            require(reply, {})

    def add_group_admin(self, name: str, group: str) -> None:
        """Groups have no administrators of their own.

        :raises CloudError: ``unsupported``.
        """
        raise CloudError("unsupported", "Groups have no administrators of their own.")

    def remove_group_admin(self, name: str, group: str) -> None:
        """End rights over a group, which nobody has."""

    def delete(self, name: str) -> None:
        """Delete an account and its personal drive, which is purged at once; one that is gone already is fine.

        The drive goes first, and would be gone when the directory then refuses: so it is asked for before.

        :raises CloudError: ``backend_refused`` for a directory that the cloud may only read.
        """
        self._require_writable()
        reply = self._session.request("DELETE", _user(self._id(name)), read_seconds=DELETE_SECONDS)
        if not reply.missing:
            require(reply, {})

    # quota

    def _set_quota(self, name: str, wish: Wish) -> None:
        """Set the quota of the personal drive. Where there is none yet, one log-in as the account makes it."""
        drive = self._drive(name)
        if drive is None and self._signs_in(name, wish.password):
            drive = self._drive(name)
        if drive is None:
            raise CloudError("not_yet", "Its storage is made at its first log-in.")
        total = wish.quota.size if wish.quota is not None else None
        path = f"{API}/drives/{quote(drive.id, safe='')}"
        reply = self._session.request("PATCH", path, json={"quota": {"total": total or 0}})
        if reply.status == 400:
            raise reply.error("invalid_value", "OC_SPACES_MAX_QUOTA on the server is the highest quota.")
        require(reply, {404: "server_error"})  # it was there a moment ago, so no refusal of this quota

    def quota_waits(self, name: str, password: str | None) -> bool:
        """Whether an account has no storage yet, and no log-in can be tried that would make it.

        :param password: of the account; None when no log-in can succeed.
        """
        return not (password and self.may_try_passwords) and self._drive(name) is None

    def _drive(self, name: str) -> Drive | None:
        found = self._known.get(name)
        if found is not None and found.drive is not None:
            return found.drive
        reply = self._session.request("GET", _user(self._id(name)) + "/drive")
        if reply.missing:
            return None
        require(reply, {})
        return read_drive(reply.data)

    def _signs_in(self, name: str, password: str | None) -> bool:
        """Whether one log-in as the account succeeds, if one may be tried."""
        found = self._known.get(name)
        disabled = found is not None and not found.account.enabled
        return bool(password) and not disabled and self.may_try_passwords and self.proves(name, password or "")

    # passwords

    @property
    def may_try_passwords(self) -> bool:
        """Whether the cloud takes passwords (it is asked once), and another failed log-in would be harmless."""
        with self._asking:
            if self._takes_passwords is None:
                self._takes_passwords = self._ask_for_passwords()
        return self._takes_passwords and self._proofs.may_try

    def proves(self, name: str, password: str) -> bool:
        """Whether one log-in with this name and password succeeds. The first one makes the account's storage.

        :raises CloudError: ``unsupported`` where the cloud takes no passwords; see :meth:`Proofs.proves`.
        """
        if not self.may_try_passwords and self._takes_passwords is False:
            raise CloudError(
                "unsupported",
                "The cloud takes no passwords (PROXY_ENABLE_BASIC_AUTH is off there), so none can be tried, and nothing"
                " shows whose account this is. If an earlier run was cut off while it made it, delete the account and"
                " run again; if it is known to be the right one, take it over by hand (ownership=assumed, or an"
                " import).",
            )
        return self._proofs.proves(name, password)

    def _id(self, name: str) -> str:
        """Return the id by which an account is changed: another one that takes the name meanwhile has another id."""
        found = self._known.get(name) or self._find(name)
        if found is None:
            raise CloudError("account_missing", f"It is {name}.")
        return found.id


def _user(name_or_id: str) -> str:
    return f"{_USERS}/{quote(name_or_id, safe='')}"
