# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a Nextcloud: one method for each command of its occ.

Every method raises :class:`CloudError`: a definite refusal, or a fault whose ``outcome_unknown`` says that the change
may have taken effect. Nothing here decides what to do then. Any number of threads may ask. A command that ends with
status 0 need not have done anything; whoever asks reads the account afterwards.
Source: Nextcloud 31, ``core/Command/User``, ``OC\\User\\Manager::createUser``, and recorded answers of 31 and 17.
"""

from __future__ import annotations

import json
import threading
import typing as t
from dataclasses import replace

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account, check_name, quoted
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import same
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import GIVE_LOG_IN, Abilities, Settings
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import (
    Commands,
    lacks_option,
    require_change,
    says,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.log_ins import LogIns
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.directory import (
    PAGE_ACCOUNTS,
    NextcloudDirectory,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.groups import NextcloudOccGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.values import (
    check_email,
    check_language,
    check_quota,
    quota_text,
)

CREATE_SECONDS = 120.0
"""A welcome mail is sent within the command."""
DELETE_SECONDS = 600.0
"""The files are deleted within the command."""

NAMES_PER_PAGE = 8
"""From so many accounts on it is cheaper to read a page of all: it takes as long as three or four of them one by one,
each with a process of its own, and some of them run side by side."""

GROUP_ADMINS = "administrators of groups are read and set by the API, since occ cannot do that"

_FIRST_WITH_NAMES = 21  # nextcloud/server#24348
_FIRST_WITH_MANAGERS = 27  # OCP\IUser::setManagerUids

_NO_ACCOUNT = ("User does not exist", "user not found")
# part of what occ says -> code of errors.TABLE; what is none of it, and no uncaught exception, is a hint of the
# password policy or the like, in the instance's language
_CREATE = {
    "already exists.": "account_conflict",
    "already being used": "account_conflict",
    "files already exist": "invalid_value",
    "characters are allowed": "invalid_name",
    "user limit has been reached": "refused",
    "An error occurred while creating": "backend_refused",
    "Could not create": "backend_refused",
    "email address": "invalid_value",
}
_PASSWORD = {"User does not exist": "account_missing", "Error while resetting password": "backend_refused"}
_SETTING = {
    '" does not exist': "account_missing",
    "Could not set display name": "backend_refused",
}
_SAME_NAME = "New and old display name are the same"
_MEMBER = {"group not found": "group_missing", "user not found": "account_missing"}
_DELETE = {"could not be deleted": "backend_refused"}
_MAIL_NOT_SENT = "Unable to send the welcome email"

_BY_API = frozenset({"group_admin_of", "group_admin_of_absent"})
"""The options for which occ has no command."""
_EXTRA = ("language", "manager")
"""The fields that take a second command."""


class NextcloudOccAccounts:
    """The accounts of one Nextcloud, see :class:`backend.Accounts`.

    :param release: the first number of its version.
    :param settings: of the cloud, which limit quotas.
    :param api: None: there are no credentials for the API.
    """

    def __init__(
        self,
        commands: Commands,
        directory: NextcloudDirectory,
        groups: NextcloudOccGroups,
        settings: Settings,
        log_ins: LogIns,
        *,
        release: int,
        api: ByApi | None,
    ) -> None:
        self._commands = commands
        self._directory = directory
        self._groups = groups
        self._settings = settings
        self._log_ins = log_ins
        self._release = release
        self._api = api
        self._wishes: dict[str, Wish] | None = None
        self._listed: dict[str, Account] = {}
        self._not_listed: set[str] = set()
        self._only_reads = False
        self._lock = threading.Lock()
        cannot = api_only = frozenset() if api is not None else _BY_API
        if release < _FIRST_WITH_MANAGERS:
            cannot |= {"manager"}
        self._abilities = Abilities(
            "Nextcloud" if api is not None else "Nextcloud by occ alone",
            frozenset({"enabled"}),  # what else a creation sets is set again where it is not shown
            cannot=cannot,
            api_only=api_only,
            creates_at_once=True,  # the host's next task waits for commands that still run
            longest_display_name=64,  # OC\\User\\Database::setDisplayName
            example_files=20 * 1024**2,
        )

    @property
    def abilities(self) -> Abilities:
        """What the release's occ can do, with the API beside it or without."""
        return self._abilities

    @property
    def may_try_passwords(self) -> bool:
        """Whether there is an address to log in at, and another failed log-in would be harmless."""
        return self._log_ins.may_try_passwords

    def proves(self, name: str, password: str) -> bool:
        """Whether a log-in with this name and password succeeds, see :meth:`LogIns.proves`."""
        return self._log_ins.proves(name, password)

    def check_name(self, name: str) -> None:
        """Check a name by Nextcloud's rules (``OC\\User\\Manager::validateUserId``).

        :raises CloudError: ``invalid_name``.
        """
        check_name(name)
        if "+" in name:
            raise CloudError("invalid_name", f"The name is {quoted(name)}.")

    # reading

    def prepare(self, wishes: t.Sequence[Wish]) -> None:
        """Read pages of all accounts as long as that is cheaper than the accounts one by one.

        What is found is taken for the first read of each account, and only where nothing is missing in it. Without this
        call every account is read with all its fields; after it, only with those that are wished.
        """
        self._wishes = {wish.name: wish for wish in wishes}
        sought = set(self._wishes)
        listed: dict[str, Account] = {}
        for number in range(len(sought) // NAMES_PER_PAGE):
            try:
                page = self._directory.page(number)
            except CloudError:  # the accounts are read one by one, where it shows again if it still is
                break
            if page is None:
                break
            listed.update((account.name, account) for account in page)
            if len(page) < PAGE_ACCOUNTS:
                known = {name.lower() for name in listed}
                self._not_listed = {name for name in sought if name.lower() not in known}
                break
            if sought <= listed.keys():
                break
        self._listed = {name: listed[name] for name in sought & listed.keys()}

    def only_reads(self) -> None:
        """Look each account up before it is said to be missing: nothing is created that would tell."""
        self._only_reads = True

    def read(self, name: str) -> Account | None:
        """Return an account that may be changed, or None when there is none of this name.

        :raises CloudError: as :meth:`look_up`; ``protected_account`` for administrators, of whom one acts at the API.
        """
        account = self._read(name, self._take_listed(name))
        if account is None:
            return None
        if account.is_admin:
            raise CloudError("protected_account", f"{name} is a member of group admin.")
        return account

    def look_up(self, name: str) -> Account | None:
        """Return any account, or None when there is none of this name.

        :raises CloudError: ``account_conflict`` when the cloud answers with another account (its look-up ignores case).
        """
        return self._read(name)

    def read_acting(self) -> None:
        """Nobody is logged in."""
        return

    def _take_listed(self, name: str) -> Account | None:
        """Return what :meth:`prepare` has found of an account, once.

        The space in use is not in it, which matters where a quota is to be set.
        """
        with self._lock:
            account = self._listed.pop(name, None)
        wish = (self._wishes or {}).get(name)
        if account is None or wish is None:
            return None
        if wish.quota is not None and not same(wish.quota, account.quota, exact=True):
            return None
        return account

    def _read(self, name: str, account: Account | None = None) -> Account | None:
        """Read an account, or complete what is known of it already."""
        self.check_name(name)
        wish = (self._wishes or {}).get(name)
        if account is None:
            if self._is_new(name, wish):
                return None
            account, answer = self._directory.find(name)
            if account is None:
                return None
            if account.name != name:
                raise answer.error("account_conflict", f"The cloud has it as {account.name}.")
        if self._wishes is None:
            return self._directory.add_settings(account, _EXTRA)
        if wish is None:
            return account
        account = self._directory.add_settings(account, [field for field in _EXTRA if getattr(wish, field) is not None])
        if self._api is not None and (wish.group_admin_of or wish.group_admin_of_absent):
            shown = self._api.call(GROUP_ADMINS, lambda api: api.accounts.look_up(name))
            account = replace(account, group_admin_of=shown.group_admin_of if shown is not None else ())
        return account

    def _is_new(self, name: str, wish: Wish | None) -> bool:
        """Whether a list of all accounts did not have this one, asked once: its creation would tell if it were there.

        Where it is not going to be created that is not enough: a directory may not list all of its accounts, and each
        account that is deleted between two pages moves another one to a page that was read already. Where it is, a
        look-up would be one command more to the four that it takes.
        """
        if wish is None or wish.state != "present" or not wish.create or self._only_reads:
            return False
        if wish.password is None and not wish.invite:
            return False
        with self._lock:
            if name not in self._not_listed:
                return False
            self._not_listed.remove(name)
            return True

    # creating and deleting

    def create(self, wish: Wish) -> None:
        """Create an account with its display name and groups; all else is set afterwards.

        Without a password one is made up, and the cloud invites by e-mail, as its very last step.

        :raises CloudError: ``group_missing``, before anything is done: occ would make the group.
        """
        self._check_values(wish)
        for group in wish.groups:
            if not self._groups.exists(group):
                raise CloudError("group_missing", f'It is "{group}".')
        arguments = [f"--group={group}" for group in wish.groups]
        if wish.display_name:
            arguments.append(f"--display-name={wish.display_name}")
        if wish.invite:
            arguments += ["--generate-password", f"--email={wish.email}"]
        else:
            arguments.append("--password-from-env")
        answer = self._commands.change(
            "user:add",
            *arguments,
            "--",
            wish.name,
            password=None if wish.invite else wish.password,
            seconds=CREATE_SECONDS,
        )
        if wish.invite and (lacks_option(answer, "--generate-password") or lacks_option(answer, "--email")):
            raise answer.error("unsupported", "This release's occ cannot invite.")
        require_change(answer, _CREATE, otherwise="password_refused")
        if wish.invite and _MAIL_NOT_SENT in answer.words:
            raise answer.error("server_error", f'occ says: "{_MAIL_NOT_SENT}".')

    def delete(self, name: str) -> None:
        """Delete an account and its files; one that is gone already is fine."""
        answer = self._commands.change("user:delete", "--", name, seconds=DELETE_SECONDS)
        if _NO_ACCOUNT[0] not in answer.words:
            require_change(answer, _DELETE)

    # changing

    def set_field(self, name: str, field: str, wish: Wish) -> None:
        """Set one field to what is wished. The cloud takes any text, so it is checked before."""
        if field == "password":
            self._set_password(name, wish.password or "")
            return
        self._check_values(wish, field)
        if field == "quota" and wish.quota is not None:
            self._set(name, "files", "quota", quota_text(wish.quota))
        elif field == "language":
            self._set(name, "core", "lang", wish.language or "")
        elif field == "email":
            self._set(name, "settings", "email", wish.email or "")
        elif field == "manager":
            self._set(name, "settings", "manager", json.dumps([wish.manager] if wish.manager else []))
        else:
            self._set_display_name(name, wish)

    def _set_display_name(self, name: str, wish: Wish) -> None:
        if self._release >= _FIRST_WITH_NAMES:
            self._set(name, "settings", "display_name", wish.display_name or "")
        elif self._api is not None:
            reason = f"display names are set by the API, since occ can do that from release {_FIRST_WITH_NAMES} on only"
            self._api.call(reason, lambda api: api.accounts.set_field(name, "display_name", wish))
        else:
            raise CloudError(
                "unsupported",
                f"Before release {_FIRST_WITH_NAMES} occ cannot set the display name of an account. {GIVE_LOG_IN}",
            )

    def _check_values(self, wish: Wish, *fields: str) -> None:
        """Refuse what the API would refuse, of some fields or of all that are wished."""
        if wish.email and (not fields or "email" in fields):
            check_email(wish.email)
        if wish.language and (not fields or "language" in fields):
            check_language(wish.language)
        if wish.quota is not None and (not fields or "quota" in fields):
            check_quota(wish.quota, self._settings)

    def _set(self, name: str, app: str, key: str, value: str) -> None:
        answer = self._commands.change("user:setting", "--", name, app, key, value)
        if not says(answer, _SAME_NAME):
            require_change(answer, _SETTING)

    def _set_password(self, name: str, password: str) -> None:
        answer = self._commands.change("user:resetpassword", "--password-from-env", "--", name, password=password)
        require_change(answer, _PASSWORD, otherwise="password_refused")

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Enable or disable an account. Release 17 ends with status 0 when there is none."""
        answer = self._commands.change("user:enable" if enabled else "user:disable", "--", name)
        if _NO_ACCOUNT[0] in answer.words:
            raise answer.error("account_missing", "")
        require_change(answer, {})

    def add_group(self, name: str, group: str) -> None:
        """Make an account a member of a group. A membership that exists already is fine."""
        self._change_membership("group:adduser", name, group)

    def remove_group(self, name: str, group: str) -> None:
        """End an account's membership of a group. One that is gone already is fine."""
        self._change_membership("group:removeuser", name, group)

    def _change_membership(self, command: str, name: str, group: str) -> None:
        answer = self._commands.change(command, "--", group, name)
        if says(answer, "group not found"):
            raise answer.error("group_missing", f'It is "{group}".')
        require_change(answer, _MEMBER)

    def add_group_admin(self, name: str, group: str) -> None:
        """Make an account an administrator of a group."""
        self._required_api().call(GROUP_ADMINS, lambda api: api.accounts.add_group_admin(name, group))

    def remove_group_admin(self, name: str, group: str) -> None:
        """End an account's rights over a group; an account that has none is fine."""
        self._required_api().call(GROUP_ADMINS, lambda api: api.accounts.remove_group_admin(name, group))

    def _required_api(self) -> ByApi:
        if self._api is None:
            raise CloudError("unsupported", f"occ cannot change administrators of groups. {GIVE_LOG_IN}")
        return self._api
