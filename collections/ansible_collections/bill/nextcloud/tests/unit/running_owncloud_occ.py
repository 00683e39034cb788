# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Works on accounts of an ownCloud 10.15 whose occ answers by script."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import replace
from itertools import pairwise

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import OWNCLOUD, account_options
from ansible_collections.bill.nextcloud.plugins.plugin_utils import converge
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.dialect import Identity
from ansible_collections.bill.nextcloud.plugins.plugin_utils.jobs import Limits, make_jobs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.installation import Installation
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.backend import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs
from ansible_collections.bill.nextcloud.tests.unit.running import NAME
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, printed, result_of

_ATTRIBUTES = ("enabled", "quota", "lastLogin", "backend", "email", "uid")
LIST = ("user:list", "--output=json", *(part for attribute in _ATTRIBUTES for part in ("-a", attribute)))
DISPLAY_NAMES = ("user:list", "--output=json", "-a", "displayName", "-a", "uid")
PROCESSES = 2

_MARK = re.compile("<href=[^<>]*>")

LogIn = t.Callable[[str, str], bool]


def row(name: str, **fields: t.Any) -> dict[str, t.Any]:
    """What ``user:list`` can tell of an account."""
    return {
        "uid": name,
        "displayName": name,
        "email": None,
        "quota": "default",
        "enabled": True,
        "lastLogin": 0,
        "backend": "Database",
        **fields,
    }


def rows(*found: dict[str, t.Any], command: tuple[str, ...] = LIST) -> Said:
    """A list of accounts: an object by their names, of which PHP makes a list when it is empty."""
    attributes = command[3::2]
    return printed({shown["uid"]: {name: shown[name] for name in attributes} for shown in found} or [])


def expect_list(occ: ScriptedOcc, *found: dict[str, t.Any], search: str | None = None) -> None:
    """Accounts are listed, and their display names by a command of their own."""
    pattern = ("--", search) if search is not None else ()
    for command in (LIST, DISPLAY_NAMES):
        occ.expect_read(*command, *pattern, said=rows(*found, command=command))


class FormattingOcc(ScriptedOcc):
    """A server that lists accounts with the attributes that are asked for, without what Symfony's console takes for
    marks; it disables accounts, and has no groups."""

    def __init__(self, *accounts: dict[str, t.Any]) -> None:
        super().__init__()
        self.accounts = {account["uid"]: account for account in accounts}

    def _answer(self, command: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        words = command["arguments"]
        if words[0] == "user:disable":
            self.accounts[words[-1]]["enabled"] = False
        if words[0] != "user:list":
            return result_of(printed([]))
        asked = [value for option, value in pairwise(words) if option == "-a"]
        search = words[-1] if "--" in words else ""
        found = {name: shown for name, shown in self.accounts.items() if search in name}
        text = json.dumps({name: {one: shown[one] for one in asked} for name, shown in found.items()})
        return result_of(Said(0, _MARK.sub("", text) + "\n"))


def expect_missing(occ: ScriptedOcc, name: str = NAME) -> None:
    """An account is read that does not exist."""
    occ.expect_read("user:list-groups", "--output=json", "--", name, said=failed(f"User {name} does not exist."))


def expect_groups_of(occ: ScriptedOcc, name: str, *groups: str) -> None:
    """The groups of an account are read."""
    occ.expect_read("user:list-groups", "--output=json", "--", name, said=printed(list(groups)))


def expect_read(occ: ScriptedOcc, name: str = NAME, *groups: str, **fields: t.Any) -> None:
    """An account is read; the search for its name finds another one, too."""
    expect_groups_of(occ, name, *groups)
    expect_list(occ, row(f"{name}3"), row(name, **fields), search=name)


def expect_groups(occ: ScriptedOcc, *names: str) -> None:
    """The list of all groups is read."""
    occ.expect_read("group:list", "--output=json", said=printed(list(names)))


def expect_members(occ: ScriptedOcc, group: str, *members: str) -> None:
    """The members of a group are read."""
    said = printed({member: member.title() for member in members} or [])
    occ.expect_read("group:list-members", "--output=json", "--", group, said=said)


def opened(
    occ: ScriptedOcc, *, api: Cloud | None = None, log_in: LogIn | None = None, version: str | None = "10.15.2"
) -> Cloud:
    """The backend itself."""
    installation = Installation(Identity(OWNCLOUD, "ownCloud", version, False, False), {})
    proofs = Proofs(log_in, "the log-in") if log_in is not None else None
    by_api = ByApi(api) if api is not None else None
    return connected(Server(occ.execute, {"processes": PROCESSES}), installation, by_api, proofs)


def run(
    occ: ScriptedOcc,
    *accounts: dict[str, t.Any],
    check_mode: bool = False,
    slept: list[float] | None = None,
    **connection: t.Any,
) -> list[dict[str, t.Any]]:
    """Bring accounts to what is wished, and return their results.

    :param slept: collects the seconds that would have been slept.
    :param connection: see :func:`opened`.
    """
    jobs = make_jobs([account_options(**{"name": NAME, **account}) for account in accounts], {})
    # One by one, so that their commands come in order.
    cloud = replace(opened(occ, **connection), accounts_at_once=lambda: 1)
    sleep = (slept if slept is not None else []).append
    converge.converge(jobs, cloud, Limits(), check_mode=check_mode, sleep=sleep)
    return [job.result() for job in jobs]


def run_one(occ: ScriptedOcc, *, connection: dict[str, t.Any] | None = None, **account: t.Any) -> dict[str, t.Any]:
    """The same for one account."""
    return run(occ, account, **(connection or {}))[0]


def names(accounts: t.Iterable[Account]) -> list[str]:
    """The names of accounts."""
    return [account.name for account in accounts]
