# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of Nextcloud for groups, and those of its app groupquota (github.com/nextcloud/groupquota, lib/Command)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from standins.cloud import quota
from standins.cloud.account import Account
from standins.cloud.occ.accounts import new_group
from standins.cloud.occ.command import Run
from standins.cloud.php import integer
from standins.cloud.state import ADMIN_GROUP, Group

QUOTA_APP = "groupquota"
_LIMIT = "500"
# What -1 is as an exit code.
_REFUSED = 255


def add(run: Run) -> int:
    """group:add."""
    name = run.input.argument("groupid")
    if name in run.cloud.groups:
        return run.out.fail(f'Group "{name}" already exists.')
    group = new_group(run, name)
    if group is None:
        return run.out.fail("Could not create group", 2)
    run.out.line(f'Created group "{group.id}"')
    group.display_name = (run.input.option("display-name") or "").strip() or group.display_name
    return 0


def delete(run: Run) -> int:
    """group:delete; the members stay."""
    name = run.input.argument("groupid")
    if name == ADMIN_GROUP:
        return run.out.fail(f'Group "{name}" could not be deleted.')
    if name not in run.cloud.groups:
        return run.out.fail(f'Group "{name}" does not exist.')
    del run.cloud.groups[name]
    run.out.line(f'Group "{name}" was removed')
    return 0


def _members(run: Run, group: Group) -> list[str]:
    return [account.id for account in run.cloud.members(group) if not account.gone]


def list_groups(run: Run) -> int:
    """group:list, with the members: 500 groups unless --limit says more."""
    limit = integer(run.input.option("limit", _LIMIT) or "")
    offset = integer(run.input.option("offset", "0") or "")
    shown: dict[str, Any] = {}
    for group in run.cloud.search_groups("", limit, offset):
        members = _members(run, group)
        details = {"displayName": group.display_name, "backends": ["Database"], "users": members}
        shown[group.id] = details if run.input.has("info") else members
    run.out.array(shown)
    return 0


def info(run: Run) -> int:
    """group:info."""
    name = run.input.argument("groupid")
    group = run.cloud.groups.get(name)
    if group is None:
        return run.out.fail(f'Group "{name}" does not exist.')
    run.out.array({"groupID": name, "displayName": group.display_name, "backends": ["Database"]})
    return 0


def _membership(run: Run) -> tuple[Group, Account] | None:
    """The group and the account of the arguments; None after a line that says which is unknown."""
    group, account = run.cloud.groups.get(run.input.argument("group")), run.account("user")
    if group is None:
        run.out.line("group not found")
        return None
    if account is None:
        run.out.line("user not found")
        return None
    return group, account


def add_user(run: Run) -> int:
    """group:adduser. Repeats are fine."""
    found = _membership(run)
    if found is None:
        return 1
    found[0].members.add(found[1].id)
    return 0


def remove_user(run: Run) -> int:
    """group:removeuser. Repeats are fine."""
    found = _membership(run)
    if found is None:
        return 1
    found[0].members.discard(found[1].id)
    return 0


def _quota_of(run: Run, name: str) -> int:
    return integer(run.cloud.config.get(QUOTA_APP, f"quota_{name}", str(quota.UNLIMITED)))


def _size(run: Run, size: int) -> str:
    if not run.input.has("format"):
        return str(size)
    return "Unlimited" if size == quota.UNLIMITED else quota.human(size)


def _used(run: Run, name: str) -> int:
    accounts = (run.cloud.find(member) for member in run.cloud.groups[name].members)
    return sum(account.files.used for account in accounts if account)


def _of_group(answer: Callable[[Run, str], int]) -> Callable[[Run], int]:
    """A command about the group that the argument `name` names, which must exist."""

    def handle(run: Run) -> int:
        name = run.input.argument("name")
        if name not in run.cloud.groups:
            return run.out.fail(f"Group not found: {name}", _REFUSED)
        return answer(run, name)

    return handle


@_of_group
def get_quota(run: Run, name: str) -> int:
    """groupquota:get."""
    run.out.line(_size(run, _quota_of(run, name)))
    return 0


@_of_group
def set_quota(run: Run, name: str) -> int:
    """groupquota:set. Neither nothing nor nonsense can be set."""
    asked = run.input.argument("quota")
    try:
        size = int(quota.size(asked))
    except quota.QuotaRefused:
        size = 0
    if not size:
        return run.out.fail(f"Invalid quota input: {asked}", _REFUSED)
    run.cloud.config.set(QUOTA_APP, f"quota_{name}", str(size))
    run.out.line(_size(run, size))
    return 0


@_of_group
def delete_quota(run: Run, name: str) -> int:
    """groupquota:delete."""
    run.cloud.config.set(QUOTA_APP, f"quota_{name}", None)
    return 0


@_of_group
def used_quota(run: Run, name: str) -> int:
    """groupquota:used."""
    run.out.line(_size(run, _used(run, name)))
    return 0


@_of_group
def free_quota(run: Run, name: str) -> int:
    """groupquota:free."""
    total = _quota_of(run, name)
    run.out.line(_size(run, total if total == quota.UNLIMITED else total - _used(run, name)))
    return 0
