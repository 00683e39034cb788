# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of an ownCloud: one method for each call of its provisioning API.

Every method raises :class:`CloudError`: a definite refusal, or a fault whose ``outcome_unknown`` says that the change
may have taken effect. Nothing here decides what to do then.
Codes: ownCloud 10.15 and 11.0, ``apps/provisioning_api/lib/Users.php``, and recorded answers of 10.15.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account, quoted
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import sent_text
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Abilities
from ansible_collections.bill.nextcloud.plugins.plugin_utils.listed import Listed, lists_may_fail
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import Reply, read_bare_names, read_names
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.api import (
    UNAUTHORISED,
    OwncloudApi,
    require,
    user_path,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.groups import OwncloudGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.memberships import Memberships, read_memberships
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.names import check_owncloud_name
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.record import account_of
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs

DELETE_SECONDS = 600.0
"""The files are deleted within the request."""
NAMES_FOR_EACH_GROUP = 8
"""The members of a large group take a second to list, the two requests that are spared for an account a seventh."""

# own code of the call -> code of errors.TABLE; anything else is "refused"
_CREATE = {
    101: "invalid_value",
    102: "account_conflict",
    104: "group_missing",
    105: "write_not_permitted",
    106: "write_not_permitted",
}
_EDIT = {102: "invalid_value", 103: "invalid_value", 403: "password_refused"}
_ENABLE = {101: "account_missing"}
_GROUP = {101: "invalid_value", 102: "group_missing", 103: "account_missing", 104: "write_not_permitted"}
_ADD_GROUP_ADMIN = {101: "account_missing", 102: "group_missing", 103: "unsupported"}
_NO_GROUP_ADMIN = (101, 102)  # no such account or group, and no rights over it
_NOT_DELETED = 101

_KEYS = {"quota": "quota", "email": "email", "display_name": "displayname", "password": "password"}
"""Field of an account -> key of ``PUT users/{id}``."""

_ABILITIES = Abilities(
    "ownCloud",
    frozenset({"enabled", "groups"}),
    cannot=frozenset({"invite", "manager"}),
    ignores=frozenset({"language"}),
    longest_display_name=64,  # a longer one is answered with nothing at all
    group_display_names=False,
)


class OwncloudAccounts:
    """The accounts of one ownCloud, see :class:`backend.Accounts`.

    :param api: logged in as an administrator.
    :param proofs: tries log-ins as the accounts.
    :param groups: of the same cloud.
    """

    def __init__(self, api: OwncloudApi, proofs: Proofs, groups: OwncloudGroups) -> None:
        self._api = api
        self._proofs = proofs
        self._all_groups = groups
        self._group_admin_of: dict[str, tuple[str, ...]] = {}
        self._listed = Listed(_ABILITIES.ignores)
        self._memberships: dict[str, Memberships] = {}

    @property
    def abilities(self) -> Abilities:
        """What ownCloud 10 and 11 can do."""
        return _ABILITIES

    def check_name(self, name: str) -> None:
        """Check a name by ownCloud's rules.

        :raises CloudError: ``invalid_name``.
        """
        check_owncloud_name(name)

    def prepare(self, wishes: t.Sequence[Wish]) -> None:
        """Read the groups of all accounts group by group, if that is cheaper than account by account.

        There is no list of accounts, so each record is read for itself. With what the groups say it may show that the
        account is as wished; otherwise its own groups are asked for, too.

        :raises CloudError: see :func:`lists_may_fail`.
        """
        names = self._listed.seek(wishes)
        if not names:
            return
        with lists_may_fail():
            most = len(names) // NAMES_FOR_EACH_GROUP
            self._memberships = read_memberships(self._all_groups, names, most) or {}
        if not self._memberships:
            self._listed.end()

    def read(self, name: str) -> Account | None:
        """Return an account that may be changed, or None when there is none of this name.

        :raises CloudError: as :meth:`look_up`; ``protected_account`` for administrators and the acting account.
        """
        self.check_name(name)
        account, reply = self._read(name)
        if account is None:
            return None
        if account.is_admin:
            raise reply.error("protected_account", "It is a member of group admin.")
        if name.lower() == self._api.acting_name.lower():
            raise reply.error("protected_account", "It is the acting account.")
        return account

    def look_up(self, name: str) -> Account | None:
        """Return any account, or None when there is none of this name.

        :raises CloudError: ``account_conflict`` when the cloud has it in another notation (its look-up ignores case).
        """
        self.check_name(name)
        return self._read(name)[0]

    def read_listed(self, name: str) -> Account | None:
        """Return an account whose name the cloud has told: names of LDAP accounts follow rules of their own."""
        return self._read(name)[0]

    def read_acting(self) -> Account:
        """Return the account that is logged in, which need not be allowed to read others."""
        reply = self._api.acting()
        name = self._api.acting_name
        groups = self._groups(name)
        shown = {**reply.data, "enabled": True}
        return account_of(replace(reply, data=shown), name, groups or (), self._read_group_admin_of(name))

    def _read(self, name: str) -> tuple[Account | None, Reply]:
        """Read an account, in three requests, two when it was read in this task before, one with what groups say.

        The groups that it administers are not asked for again, unless they were changed here.
        """
        reply = self._api.request("GET", user_path(name))
        if reply.missing:
            return None, reply
        require(reply, {})
        self._check_notation(name, reply)
        said = self._memberships.pop(name, None)  # once, and by a single operation: many threads may ask
        if said is not None:
            self._listed.show(account_of(reply, name, said.groups, said.group_admin_of))
            account = self._listed.take(name)
            if account is not None:
                return account, reply
        groups = self._groups(name)
        if groups is None:  # deleted since
            return None, reply
        if name not in self._group_admin_of:
            self._group_admin_of[name] = self._read_group_admin_of(name)
        return account_of(reply, name, groups, self._group_admin_of[name]), reply

    def _check_notation(self, name: str, reply: Reply) -> None:
        """A record does not tell the account's name; its home does, but for backends that name homes otherwise.

        :raises CloudError: ``account_conflict``.
        """
        home = reply.data.get("home") if isinstance(reply.data, dict) else None
        found = home.rpartition("/")[2] if isinstance(home, str) else ""
        if found.lower() != name.lower():
            listed = self._api.request("GET", "/users", query={"search": name})
            require(listed, {})
            names = [other for other in read_names(listed, "users") if other.lower() == name.lower()]
            found = name if name in names or not names else names[0]
        if found != name:
            raise reply.error("account_conflict", f"The cloud has it as {found}.")

    def _groups(self, name: str) -> list[str] | None:
        """Return the groups of an account, None when it does not exist."""
        reply = self._api.request("GET", user_path(name) + "/groups")
        if reply.missing:
            return None
        require(reply, {})
        return read_names(reply, "groups")

    def _read_group_admin_of(self, name: str) -> tuple[str, ...]:
        reply = self._api.request("GET", user_path(name) + "/subadmins")
        if reply.missing:
            return ()
        require(reply, {})
        return tuple(read_bare_names(reply, "groups"))

    def create(self, wish: Wish) -> None:
        """Create an account with its password and its groups, which is all that the call takes."""
        form = [("userid", wish.name), ("password", wish.password or "")]
        form += [("groups[]", group) for group in wish.groups]
        require(self._api.request("POST", "/users", form=form), _CREATE)
        self._group_admin_of[wish.name] = ()

    def set_field(self, name: str, field: str, wish: Wish) -> None:
        """Set one field (a key of ``_KEYS``) to what is wished."""
        value = sent_text(wish.quota) if field == "quota" else getattr(wish, field)
        form = [("key", _KEYS[field]), ("value", value or "")]
        reply = self._api.request("PUT", user_path(name), form=form)
        if reply.code == UNAUTHORISED and self._is_missing(name):
            raise reply.error("account_missing")
        if _EDIT.get(reply.code) == "invalid_value" and not reply.message:
            raise reply.error("invalid_value", f"It is {field} {quoted(value or '')}.")
        require(reply, _EDIT)

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Enable or disable an account."""
        reply = self._api.request("PUT", user_path(name) + ("/enable" if enabled else "/disable"))
        require(reply, _ENABLE)

    def add_group(self, name: str, group: str) -> None:
        """Make an account a member of a group."""
        reply = self._api.request("POST", user_path(name) + "/groups", form=[("groupid", group)])
        _require_group(reply, group, _GROUP)

    def remove_group(self, name: str, group: str) -> None:
        """End an account's membership of a group. The group is in the query: proxies drop the body of a DELETE."""
        _require_group(
            self._api.request("DELETE", user_path(name) + "/groups", query={"groupid": group}), group, _GROUP
        )

    def add_group_admin(self, name: str, group: str) -> None:
        """Make an account an administrator of a group.

        :raises CloudError: ``unsupported`` where the cloud has no group administrators.
        """
        self._group_admin_of.pop(name, None)
        reply = self._api.request("POST", user_path(name) + "/subadmins", form=[("groupid", group)])
        if _ADD_GROUP_ADMIN.get(reply.code) == "unsupported":
            raise reply.error(
                "unsupported",
                "Since ownCloud 11 there are group administrators only where config.php has 'allow_subadmins' => true."
                f' The cloud says: "{reply.message}".',
            )
        _require_group(reply, group, _ADD_GROUP_ADMIN)

    def remove_group_admin(self, name: str, group: str) -> None:
        """End an account's rights over a group; an account that has none is fine."""
        self._group_admin_of.pop(name, None)
        reply = self._api.request("DELETE", user_path(name) + "/subadmins", query={"groupid": group})
        if reply.code not in _NO_GROUP_ADMIN:
            require(reply, {})

    def delete(self, name: str) -> None:
        """Delete an account and its files; one that is gone already is fine."""
        reply = self._api.request("DELETE", user_path(name), read_seconds=DELETE_SECONDS)
        if reply.code != _NOT_DELETED or not self._is_missing(name):
            require(reply, {_NOT_DELETED: "backend_refused"})

    def _is_missing(self, name: str) -> bool:
        """Whether an account does not exist, which refusals do not tell."""
        return self._api.request("GET", user_path(name)).missing

    @property
    def may_try_passwords(self) -> bool:
        """Whether another failed log-in would be harmless."""
        return self._proofs.may_try

    def proves(self, name: str, password: str) -> bool:
        """Whether a log-in with this name and password succeeds, see :class:`Proofs`."""
        return self._proofs.proves(name, password)


def _require_group(reply: Reply, group: str, codes: t.Mapping[int, str]) -> None:
    """Raise a definite refusal, which names the group that is missing."""
    if not reply.ok and codes.get(reply.code) == "group_missing":
        raise reply.error("group_missing", f'It is "{group}".')
    require(reply, codes)
