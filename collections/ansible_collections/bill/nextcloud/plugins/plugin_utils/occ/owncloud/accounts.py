# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of an ownCloud: one method for each command of its occ.

Every method raises :class:`CloudError`: a definite refusal, or a fault whose ``outcome_unknown`` says that the change
may have taken effect. Nothing here decides what to do then. Any number of threads may ask.
Source: ownCloud 10.15 and 11.0, ``core/Command``, and recorded answers of 10.15.
"""

from __future__ import annotations

import threading
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import same
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import GIVE_LOG_IN, Abilities, Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import (
    Commands,
    exception,
    refusal,
    require_change,
    says,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.log_ins import LogIns
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.directory import OwncloudDirectory
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.groups import OwncloudOccGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Answer
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.names import check_owncloud_name

DELETE_SECONDS = 600.0
"""The files are deleted within the command."""

MANY = 25
"""From so many accounts on, all accounts of the cloud are listed instead of each one looked up."""

_EMPTIES_EMAILS = (10, 5)
"""The first release whose ``user:modify`` takes an empty address."""

# part of what occ says -> code of errors.TABLE; anything else is "refused"
_KEPT = {"as other apps are fetching extended attributes": "backend_refused"}
_CREATE = {"Invalid email address supplied": "invalid_value"}
_MODIFY = {
    "Email address provided is invalid": "invalid_value",
    "Display name cannot be set": "backend_refused",
    **_KEPT,
}
_ENABLE = {"User does not exist": "account_missing", **_KEPT}
_PASSWORD = {"Error while resetting password": "backend_refused", **_ENABLE}
_MEMBER = {
    "could not be found - not added": "account_missing",
    "does not exist - not removed": "account_missing",
    'Group "': "group_missing",
}
_DELETE = {"could not be deleted": "backend_refused"}
_POLICIES = frozenset(
    {"Length.php", "Lowercase.php", "Numbers.php", "PasswordHistory.php", "Special.php", "Uppercase.php"}
)
"""Where the app password_policy throws its exceptions."""

_KEYS = {"email": "email", "display_name": "displayname"}
"""Field of an account -> key of ``user:modify``."""

_BY_API = frozenset({"quota", "group_admin_of", "group_admin_of_absent"})
"""The options for which occ has nothing: ``user:setting ... files quota`` ends with 0 and changes nothing (seen)."""

_QUOTA = "occ of ownCloud cannot set quotas, nor tell what they are by default and how much is used"
_GROUP_ADMINS = "occ of ownCloud neither tells nor sets administrators of groups"


@dataclass(frozen=True)
class _Known:
    """What was read of an account before it was asked for."""

    account: Account | None
    """Without its groups. None: there is none of this name, in any notation."""
    groups: tuple[str, ...] | None
    """None: not read."""


class OwncloudOccAccounts:
    """The accounts of one ownCloud, see :class:`backend.Accounts`.

    :param release: of the cloud, for instance (10, 15, 2).
    :param api: None: there are no credentials for the API.
    :param log_ins: as the accounts.
    """

    def __init__(
        self,
        commands: Commands,
        groups: OwncloudOccGroups,
        directory: OwncloudDirectory,
        *,
        release: tuple[int, ...],
        api: ByApi | None,
        log_ins: LogIns,
    ) -> None:
        self._commands = commands
        self._groups = groups
        self._directory = directory
        self._api = api
        self._log_ins = log_ins
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._wishes: dict[str, Wish] = {}
        self._made: set[str] = set()
        api_only = frozenset() if api is not None else _BY_API
        self._abilities = Abilities(
            "ownCloud" if api is not None else "ownCloud by occ alone",
            frozenset({"enabled", "groups", "email", "display_name"}),
            cannot=frozenset({"invite", "manager"}) | api_only,
            api_only=api_only,
            ignores=frozenset({"language"}),
            creates_at_once=True,  # the host's next task waits for commands that still run
            removes_emails=release >= _EMPTIES_EMAILS,
            longest_display_name=64,  # of oc_users.displayname
            group_display_names=False,
        )

    @property
    def abilities(self) -> Abilities:
        """What ownCloud 10 and 11 can do by occ, and by their API if there are credentials for it."""
        return self._abilities

    @property
    def may_try_passwords(self) -> bool:
        """Whether there is an address to log in at, and another failed log-in would be harmless."""
        return self._log_ins.may_try_passwords

    def check_name(self, name: str) -> None:
        """Check a name by ownCloud's rules.

        :raises CloudError: ``invalid_name``.
        """
        check_owncloud_name(name)

    def prepare(self, wishes: t.Sequence[Wish]) -> None:
        """Read what is going to be read first, in one go where that is cheaper. It counts for one read each."""
        with self._lock:
            self._wishes.update((wish.name, wish) for wish in wishes)
        if len(wishes) < MANY:
            return
        try:
            known = self._read_many(wishes)
        except CloudError:  # whoever reads an account meets the same fault, or none
            return
        with self._lock:
            self._known.update(known)

    def _read_many(self, wishes: t.Sequence[Wish]) -> dict[str, _Known]:
        accounts = self._directory.all(display_names=any(wish.display_name is not None for wish in wishes))
        by_name = {name.lower(): account for name, account in accounts.items()}
        found = {
            wish.name: account
            for wish in wishes
            # One display name that occ cannot print leaves all unknown here: then each that matters is read for itself.
            if (account := by_name.get(wish.name.lower())) is None
            or wish.display_name is None
            or account.display_name is not None
        }
        names = {account.name for account in found.values() if account is not None}
        asked = {group for wish in wishes for group in (*wish.groups, *wish.groups_absent)}
        groups = self._directory.memberships_by_group(accounts, names, asked) or {}
        return {
            name: _Known(account, groups.get(account.name) if account is not None else None)
            for name, account in found.items()
        }

    def read(self, name: str) -> Account | None:
        """Return an account that may be changed, or None when there is none of this name.

        :raises CloudError: as :meth:`look_up`; ``protected_account`` for administrators. Nobody is logged in.
        """
        with self._lock:
            known = self._known.pop(name, None)
        account = self._read(name, known)
        if account is None:
            return None
        if account.is_admin:
            raise CloudError("protected_account", "It is a member of group admin.")
        return self._completed(account)

    def _completed(self, account: Account) -> Account:
        """Add what only the API tells, where it matters: whom the account administers, and, if the quota is to be set,
        what it is by default and how much is used."""
        wish = self._wishes.get(account.name)
        if wish is not None and wish.state == "absent":
            return account
        if wish is None or wish.group_admin_of or wish.group_admin_of_absent:
            reason = _GROUP_ADMINS
        elif wish.quota is not None and not same(wish.quota, account.quota) and account.name not in self._made:
            reason = _QUOTA
        else:
            return account
        shown = self._api.call(reason, lambda cloud: cloud.accounts.look_up(account.name)) if self._api else None
        if shown is None:
            return account
        quota = account.quota if account.quota is not None else shown.quota
        return replace(account, group_admin_of=shown.group_admin_of, used=shown.used, quota=quota)

    def look_up(self, name: str) -> Account | None:
        """Return any account, or None when there is none of this name. It is not told whom it administers.

        :raises CloudError: ``account_conflict`` when the cloud has it in another notation (its look-up ignores case).
        """
        return self._read(name)

    def read_acting(self) -> None:
        """Nobody is logged in."""
        return

    def _read(self, name: str, known: _Known | None = None) -> Account | None:
        self.check_name(name)
        if known is not None and known.account is None:
            return None
        groups = known.groups if known is not None else None
        if groups is None:
            groups = self._directory.groups_of(name)
        if groups is None:
            return None
        account = known.account if known is not None else self._directory.find(name)
        if account is None:  # deleted since
            return None
        if account.name != name:
            raise CloudError("account_conflict", f"The cloud has it as {account.name}.")
        return replace(account, groups=groups)

    def create(self, wish: Wish) -> None:
        """Create an account with its password, display name, e-mail address and groups. occ would make missing groups.

        :raises CloudError: ``group_missing``, before any change.
        """
        missing = [group for group in wish.groups if not self._groups.exists(group)]
        if missing:
            raise CloudError("group_missing", "Missing: {}.".format(", ".join(f'"{group}"' for group in missing)))
        arguments = ["user:add", "--password-from-env"]
        if wish.display_name:
            arguments.append(f"--display-name={wish.display_name}")
        if wish.email:
            arguments.append(f"--email={wish.email}")
        arguments += [f"--group={group}" for group in wish.groups]
        answer = self._commands.change(*arguments, "--", wish.name, password=wish.password or "")
        if says(answer, f'The user "{wish.name}" already exists.'):
            raise answer.error("account_conflict", "It exists already.")
        _require_password(answer, _CREATE)
        self._made.add(wish.name)

    def set_field(self, name: str, field: str, wish: Wish) -> None:
        """Set one field to what is wished; the quota by the API.

        :raises CloudError: ``unsupported`` for the quota without the API.
        """
        if field == "quota":
            self._by_api(_QUOTA, lambda cloud: cloud.accounts.set_field(name, field, wish))
        elif field == "password":
            arguments = ("user:resetpassword", "--password-from-env", "--", name)
            _require_password(self._commands.change(*arguments, password=wish.password or ""), _PASSWORD)
        else:
            value = getattr(wish, field) or ""
            answer = self._commands.change("user:modify", "--", name, _KEYS[field], value)
            if says(answer, f"The user {name} does not exist"):
                raise answer.error("account_missing")
            require_change(answer, _MODIFY)

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Enable or disable an account."""
        require_change(self._commands.change("user:enable" if enabled else "user:disable", "--", name), _ENABLE)

    def add_group(self, name: str, group: str) -> None:
        """Make an account a member of a group."""
        require_change(self._commands.change("group:add-member", f"--member={name}", "--", group), _MEMBER)

    def remove_group(self, name: str, group: str) -> None:
        """End an account's membership of a group."""
        require_change(self._commands.change("group:remove-member", f"--member={name}", "--", group), _MEMBER)

    def add_group_admin(self, name: str, group: str) -> None:
        """Make an account an administrator of a group, by the API.

        :raises CloudError: ``unsupported`` without the API, or where the cloud has no group administrators.
        """
        self._by_api(_GROUP_ADMINS, lambda cloud: cloud.accounts.add_group_admin(name, group))

    def remove_group_admin(self, name: str, group: str) -> None:
        """End an account's rights over a group, by the API.

        :raises CloudError: ``unsupported`` without the API.
        """
        self._by_api(_GROUP_ADMINS, lambda cloud: cloud.accounts.remove_group_admin(name, group))

    def delete(self, name: str) -> None:
        """Delete an account and its files; one that is gone already is fine."""
        answer = self._commands.change("user:delete", "--", name, seconds=DELETE_SECONDS)
        if not says(answer, f"User with uid '{name}' does not exist"):
            require_change(answer, _DELETE)

    def proves(self, name: str, password: str) -> bool:
        """Whether a log-in with this name and password succeeds, see :meth:`LogIns.proves`."""
        return self._log_ins.proves(name, password)

    def _by_api(self, reason: str, send: t.Callable[[Cloud], None]) -> None:
        if self._api is None:
            raise CloudError("unsupported", f"{reason[0].upper()}{reason[1:]}. {GIVE_LOG_IN}")
        self._api.call(reason, send)


def _require_password(answer: Answer, codes: t.Mapping[str, str]) -> None:
    """Raise what a failed command means; the policy for passwords refuses in the cloud's language."""
    thrown = exception(answer)
    if thrown is not None and thrown[0] in _POLICIES:
        raise refusal(answer, {}, otherwise="password_refused")
    require_change(answer, codes)
