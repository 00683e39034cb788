# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the accounts of a Nextcloud by occ: one, or pages of all.

``user:info`` takes as long as PHP needs to begin, a third of a second; a page of ``user:list --info`` of 1,000 accounts
as long as three of those (Nextcloud 31, tried). Neither tells language, manager and groups that an account administers.
Source: Nextcloud 31, ``core/Command/User/Info.php`` and ``ListCommand.php``, and recorded answers of 31 and 17.
"""

from __future__ import annotations

import json
import re
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from ansible_collections.bill.nextcloud.plugins.module_utils import quota as quotas
from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import (
    Commands,
    exception,
    is_unprintable,
    lacks_option,
    names_of,
    read_keys,
    refusal,
    says,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.groups import NextcloudOccGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Answer

PAGE_ACCOUNTS = 1000
LIST_SECONDS = 300.0
"""A directory server behind the cloud is asked for every account of a page."""

_MISSING = "user not found"
_USER_ID = re.compile(r"^ *- user_id: (.+)$", re.MULTILINE)
_ALL = 1_000_000


class NextcloudDirectory:
    """The accounts of one Nextcloud. Every call reads afresh."""

    def __init__(self, commands: Commands, groups: NextcloudOccGroups) -> None:
        self._commands = commands
        self._groups = groups
        self._pages = True

    def find(self, name: str) -> tuple[Account | None, Answer]:
        """Return an account, also when it is known in another notation, and what occ said of it."""
        answer = self._commands.read("user:info", "--output=json", "--", name)
        if says(answer, _MISSING):
            return None, answer
        if is_unprintable(answer):
            return self._find_in_parts(name), answer
        require_read(answer)
        return account_of(answer, answer.read_json()), answer

    def _find_in_parts(self, name: str) -> Account:
        """Return an account without its display name, which Symfony's console takes for a mark that it does not know
        (``<fg=x>``) and refuses to print. Whoever has chosen it must be read all the same, to be disabled."""
        answer = self._commands.read("user:info", "--", name)  # ends at the display name, which comes second
        known = _USER_ID.search(answer.output)
        if known is None:
            raise refusal(answer, {}, otherwise="server_error")
        name = known[1]
        quota = self._part(name, "files", "quota", "default")
        return Account(
            name=name,
            enabled=self._part(name, "core", "enabled", "true") != "false",
            quota=quotas.read_stored(quota) if quota != "default" else None,
            used=None,
            groups=tuple(sorted(self._groups.of_member(name))),
            email=self._part(name, "settings", "email", "") or None,
            display_name=None,
            language=None,
            exact_quota=True,
        )

    def _part(self, name: str, app: str, key: str, default: str) -> str:
        answer = self._commands.read("user:setting", f"--default-value={default}", "--", name, app, key)
        require_read(answer)
        lines = answer.output.splitlines()
        return lines[-1] if lines else ""

    def add_settings(self, account: Account, fields: t.Collection[str]) -> Account:
        """Return an account with its ``language`` and ``manager`` as well, as far as they are among ``fields``.

        A language that the account has not chosen is None.
        """
        apps = {"language": "core", "manager": "settings"}
        asked = [app for field, app in apps.items() if field in fields]
        if not asked:
            return account
        answer = self._commands.read(
            "user:setting", "--output=json", "--", account.name, *(asked if len(asked) == 1 else ())
        )
        require_read(answer)
        found = answer.read_json()
        return replace(
            account,
            language=_setting(found, "core", "lang") if "language" in fields else None,
            manager=_manager(_setting(found, "settings", "manager")) if "manager" in fields else None,
        )

    def page(self, number: int) -> list[Account] | None:
        """Return a page of accounts, numbered from 0; one that is shorter than :data:`PAGE_ACCOUNTS` is the last one.

        None: the release does not list more than names.
        """
        if not self._pages:
            return None
        limits = (f"--limit={PAGE_ACCOUNTS}", f"--offset={number * PAGE_ACCOUNTS}")
        answer = self._commands.read("user:list", "--info", "--output=json", *limits, seconds=LIST_SECONDS)
        if lacks_option(answer, "--info"):
            self._pages = False
            return None
        _require_list(answer)
        found = answer.read_json()
        # PHP makes a list of what has no keys, or 0, 1, 2 ... for keys.
        records = list(found.values()) if isinstance(found, dict) else found
        if not isinstance(records, list):
            raise answer.error("not_an_answer", "It is no list of accounts.")
        return [account_of(answer, record) for record in records]

    def names(self) -> set[str]:
        """Return the names of all accounts, which come in one answer."""
        answer = self._commands.read("user:list", "--output=json", f"--limit={_ALL}", seconds=LIST_SECONDS)
        _require_list(answer)
        return set(read_keys(answer))

    def find_all(self, names: t.Collection[str]) -> dict[str, Account | None]:
        """Return several accounts by name, with a command for each; None for one that is not shown."""
        with ThreadPoolExecutor(self._commands.at_once) as threads:
            found = threads.map(lambda name: self.find(name)[0], names)
            return dict(zip(names, found, strict=True))


def require_read(answer: Answer) -> None:
    """Raise why a command that only reads failed.

    :raises CloudError: ``server_error`` for an exception that nothing has caught; ``refused``.
    """
    if answer.status != 0:
        raise refusal(answer, {}, otherwise="refused" if exception(answer) is None else "server_error")


def _require_list(answer: Answer) -> None:
    """Raise why a list of accounts failed, see :func:`require_read`; one display name is enough for that."""
    if is_unprintable(answer):
        raise answer.error(
            "refused",
            "Somebody's display name holds a mark such as <fg=x>, which occ cannot print, so it lists nobody. The API"
            f" (transport api, with api_url and a log-in) shows whose it is. occ says: {answer.words}",
        )
    require_read(answer)


def account_of(answer: Answer, record: t.Any) -> Account:
    """Return the account of a record. Its quota is kept as text, and in force to the byte.

    :raises CloudError: ``not_an_answer``, also for a record that goes on as another account's: Symfony's console takes
        away what looks like a mark, from ``<href=`` in one display name to ``>`` in that of an account further on.
    """
    shown = record if isinstance(record, dict) else {}
    cloud_id = shown.get("cloud_id")
    if isinstance(cloud_id, str) and not cloud_id.startswith(f"{shown.get('user_id')}@"):
        raise answer.error("not_an_answer", f"The record of {shown.get('user_id')} goes on as that of {cloud_id}.")
    storage, quota = shown.get("storage"), shown.get("quota")
    try:
        account = Account.from_record(
            {
                "id": shown.get("user_id"),
                "enabled": shown.get("enabled"),
                "groups": names_of(answer, shown.get("groups")),
                "quota": {"used": storage.get("used")} if isinstance(storage, dict) else {},
                "email": shown.get("email"),
                "displayname": shown.get("display_name"),
                "lastLogin": _milliseconds(shown.get("last_seen")),
                "backend": shown.get("backend"),
            }
        )
    except ValueError as error:
        raise answer.error("not_an_answer", f"{error}.") from error
    return replace(account, quota=quotas.read_stored(quota) if isinstance(quota, str) else None, exact_quota=True)


def _milliseconds(text: t.Any) -> int | None:
    """Return the moment of a log-in as the API has it. ``never``, ``unknown`` and 1970 (up to 30) are none."""
    try:
        return int(datetime.fromisoformat(text).timestamp()) * 1000
    except (TypeError, ValueError):
        return None


def _setting(found: t.Any, app: str, key: str) -> str | None:
    settings = found.get(app) if isinstance(found, dict) else None
    value = settings.get(key) if isinstance(settings, dict) else None
    return value if isinstance(value, str) and value else None


def _manager(text: str | None) -> str | None:
    """Return the first of the names of managers, which are kept as JSON (``OC\\User\\User::getManagerUids``)."""
    try:
        names = json.loads(text or "[]")
    except ValueError:
        return None
    return names[0] or None if isinstance(names, list) and names and isinstance(names[0], str) else None
