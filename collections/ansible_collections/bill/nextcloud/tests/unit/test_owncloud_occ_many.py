# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading many accounts of ownCloud by its occ."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud import directory
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.accounts import MANY
from ansible_collections.bill.nextcloud.tests.unit.running import outcome
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud_occ import (
    DISPLAY_NAMES,
    LIST,
    PROCESSES,
    FormattingOcc,
    expect_groups,
    expect_groups_of,
    expect_list,
    expect_members,
    expect_missing,
    expect_read,
    names,
    opened,
    row,
    rows,
    run,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed

NAMES = [f"user{number}" for number in range(100, 100 + MANY)]
ALL = [row(name) for name in NAMES]
DIRECTORY = row("carla", backend="LDAP", displayName="Carla from LDAP", email="carla@example.org")


@pytest.fixture
def crowd() -> t.Iterator[ScriptedOcc]:
    """The same as ``occ``, for commands in any order, as many threads ask."""
    server = ScriptedOcc(ordered=False)
    yield server
    server.check()


def wishes(*wished: str, **more: t.Any) -> list[Wish]:
    """Wishes for accounts."""
    return [Wish(name, "exists", **more) for name in wished]


def seen(account: Account | None) -> tuple[str, tuple[str, ...]] | None:
    """The name and the groups of an account."""
    return None if account is None else (account.name, account.groups)


def test_many_accounts_are_read_at_once(crowd: ScriptedOcc) -> None:
    """All of them by one command, and their groups by one for each group; also those that are only wished."""
    crowd.expect_read(*LIST, said=rows(*ALL[1:], row("others")))
    expect_groups(crowd, "admin", "one")
    expect_members(crowd, "admin", NAMES[3])
    expect_members(crowd, "one", NAMES[1], NAMES[2], "others")
    crowd.expect_read("group:list-members", "--output=json", "--", "two", said=failed("Group two does not exist"))
    cloud = opened(crowd)
    cloud.prepare(wishes(*NAMES, groups=("one",), groups_absent=("two",)))
    assert not crowd.script
    read = cloud.accounts.read
    assert read(NAMES[0]) is None
    assert seen(read(NAMES[1])) == (NAMES[1], ("one",))
    assert seen(read(NAMES[4])) == (NAMES[4], ())
    with pytest.raises(CloudError) as raised:
        read(NAMES[3])
    assert raised.value.code == "protected_account"


def test_what_was_prepared_counts_once(crowd: ScriptedOcc) -> None:
    """A change is read back from the cloud. Whoever only looks an account up gets it from there, too."""
    crowd.expect_read(*LIST, said=rows(*ALL))
    expect_groups(crowd, "admin")
    expect_members(crowd, "admin")
    cloud = opened(crowd)
    cloud.prepare(wishes(*NAMES))
    expect_read(crowd, NAMES[0], "two", displayName="New")
    account = cloud.accounts.look_up(NAMES[0])
    assert seen(account) == (NAMES[0], ("two",))
    assert seen(cloud.accounts.read(NAMES[0])) == (NAMES[0], ())
    expect_missing(crowd, NAMES[0])
    assert cloud.accounts.read(NAMES[0]) is None


def test_display_names_are_prepared_where_they_are_wished(crowd: ScriptedOcc) -> None:
    """Otherwise nothing depends on them."""
    expect_list(crowd, *ALL[1:], row(NAMES[0], displayName="New"))
    expect_groups(crowd, "admin")
    expect_members(crowd, "admin")
    cloud = opened(crowd)
    cloud.prepare(wishes(*NAMES, display_name="New"))
    found = [cloud.accounts.read(name) for name in NAMES[:2]]
    assert [account and account.display_name for account in found] == ["New", NAMES[1]]


def test_display_names_that_cannot_be_prepared(crowd: ScriptedOcc) -> None:
    """One that occ cannot print is nobody else's change: accounts are read one by one where it matters."""
    crowd.expect_read(*LIST, said=rows(*ALL[:-1]))
    crowd.expect_read(*DISPLAY_NAMES, said=failed("x"))
    expect_groups(crowd, "admin")
    expect_members(crowd, "admin")
    cloud = opened(crowd)
    cloud.prepare([*wishes(NAMES[0], NAMES[-1], display_name="New"), *wishes(*NAMES[1:-1])])
    expect_read(crowd, NAMES[0], displayName="New")
    found = [cloud.accounts.read(name) for name in (NAMES[0], NAMES[1], NAMES[-1])]
    assert [account and account.display_name for account in found] == ["New", None, None]
    assert [seen(account) for account in found] == [(NAMES[0], ()), (NAMES[1], ()), None]


def test_another_notation_is_told(crowd: ScriptedOcc) -> None:
    """Though it was prepared."""
    crowd.expect_read(*LIST, said=rows(*ALL[1:], row(NAMES[0].upper())))
    expect_groups(crowd, "admin")
    expect_members(crowd, "admin")
    cloud = opened(crowd)
    cloud.prepare(wishes(*NAMES))
    with pytest.raises(CloudError) as raised:
        cloud.accounts.read(NAMES[0])
    assert raised.value.code == "account_conflict"


@pytest.mark.parametrize(("others", "groups"), [([DIRECTORY], None), ([], MANY)])
def test_groups_that_are_not_prepared(crowd: ScriptedOcc, others: list[dict[str, t.Any]], groups: int | None) -> None:
    """Where accounts come from a directory, its groups may not list their members; and many groups are no gain."""
    crowd.expect_read(*LIST, said=rows(*ALL, *others))
    if groups is not None:
        expect_groups(crowd, *(f"group{number}" for number in range(groups)))
    cloud = opened(crowd)
    cloud.prepare(wishes(*NAMES))
    expect_groups_of(crowd, NAMES[0], "one")
    assert seen(cloud.accounts.read(NAMES[0])) == (NAMES[0], ("one",))
    expect_missing(crowd, NAMES[1])
    assert cloud.accounts.read(NAMES[1]) is None


def test_a_big_cloud(crowd: ScriptedOcc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading all members of a big group would take longer than asking for the groups of few accounts."""
    monkeypatch.setattr(directory, "_MEMBERS_PER_COMMAND", 1)  # otherwise it takes thousands of accounts
    crowd.expect_read(*LIST, said=rows(*ALL))
    expect_groups(crowd, "admin")
    cloud = opened(crowd)
    cloud.prepare(wishes(*NAMES))
    expect_groups_of(crowd, NAMES[0], "one")
    assert seen(cloud.accounts.read(NAMES[0])) == (NAMES[0], ("one",))


def test_few_accounts_are_read_one_by_one(occ: ScriptedOcc) -> None:
    """Listing all accounts of the cloud for them may take longer."""
    cloud = opened(occ)
    cloud.prepare(wishes(*NAMES[1:]))
    expect_read(occ, NAMES[1])
    assert cloud.accounts.read(NAMES[1]) is not None


def test_a_preparation_that_fails(occ: ScriptedOcc) -> None:
    """Nothing is raised, and each account is read by itself."""
    occ.expect_read(*LIST, said=Said(1, "", "out of memory"))
    cloud = opened(occ)
    cloud.prepare(wishes(*NAMES))
    expect_read(occ, NAMES[0])
    assert cloud.accounts.read(NAMES[0]) is not None


def test_many_threads_share_the_executions(crowd: ScriptedOcc) -> None:
    """Each gets the account that it asked for, in much fewer executions than commands."""
    for name in NAMES:
        expect_read(crowd, name, f"group of {name}")
    cloud = opened(crowd)
    assert cloud.accounts_at_once() == PROCESSES * 4
    with ThreadPoolExecutor(cloud.accounts_at_once()) as threads:
        found = list(threads.map(cloud.accounts.read, NAMES))
    assert [seen(account) for account in found] == [(name, (f"group of {name}",)) for name in NAMES]
    assert sum(crowd.batches) == 3 * len(NAMES)
    assert len(crowd.batches) < len(NAMES)


def test_all_accounts_are_listed(crowd: ScriptedOcc) -> None:
    """With their groups, those of the directory one by one."""
    expect_list(crowd, row("berta", lastLogin=1795423060, quota="none"), row("anna"), DIRECTORY)
    expect_groups_of(crowd, "anna", "one", "admin")
    expect_groups_of(crowd, "berta")
    expect_groups_of(crowd, "carla", "directory")
    told: list[str] = []
    listing = opened(crowd).list_accounts(progress=told.append)
    assert [seen(account) for account in listing.accounts] == [
        ("anna", ("admin", "one")),
        ("berta", ()),
        ("carla", ("directory",)),
    ]
    assert (listing.accounts[1].shown()["quota"], listing.accounts[0].shown()["quota"]) == (None, "unknown")
    assert listing.unreadable == []
    assert told == ["3 accounts read; the groups of 3 to read"]


def test_display_names_that_hide_what_is_between_them() -> None:
    """Two customers could show one account with the state of another, and hide those between them."""
    server = FormattingOcc(
        row("anna", displayName="<href="),
        row("anna1"),
        row("anna2", displayName=">", enabled=False),
        row("anna3", displayName="Anna"),
    )
    listed = opened(server).list_accounts().accounts
    assert [(account.name, account.enabled, account.display_name) for account in listed] == [
        ("anna", True, None),
        ("anna1", True, None),
        ("anna2", False, None),
        ("anna3", True, "Anna"),
    ]
    assert outcome(run(server, {"name": "anna", "state": "disabled"})[0]) == (None, "updated", True)
    assert server.accounts["anna"]["enabled"] is False


def test_the_members_of_a_group_are_listed(crowd: ScriptedOcc) -> None:
    """Also those that occ does not tell of the group, because it comes from a directory."""
    expect_groups(crowd, "admin", "directory")
    expect_list(crowd, row("anna"), row("berta"), DIRECTORY)
    expect_groups_of(crowd, "anna", "directory")
    expect_missing(crowd, "berta")  # deleted since
    expect_groups_of(crowd, "carla", "directory", "one")
    assert names(opened(crowd).list_accounts(group="directory").accounts) == ["anna", "carla"]


def test_many_members_are_listed_by_their_groups(crowd: ScriptedOcc) -> None:
    """A command for each group is less."""
    expect_groups(crowd, "admin", "one")
    expect_list(crowd, *ALL)
    expect_groups(crowd, "admin", "one")
    expect_members(crowd, "admin")
    expect_members(crowd, "one", NAMES[5], NAMES[6])
    assert names(opened(crowd).list_accounts(group="one").accounts) == NAMES[5:7]


def test_a_group_that_is_missing(occ: ScriptedOcc) -> None:
    """It is not one without members."""
    expect_groups(occ, "admin")
    with pytest.raises(CloudError) as raised:
        opened(occ).list_accounts(group="one")
    assert raised.value.code == "group_missing"


@pytest.mark.parametrize("search", ["ARL", "from ldap", "carla@"])
def test_a_search(occ: ScriptedOcc, search: str) -> None:
    """It finds parts of name, display name and address, whatever its length; of others no groups are read."""
    expect_list(occ, row("anna"), DIRECTORY)
    expect_groups_of(occ, "carla")
    assert names(opened(occ).list_accounts(search=search).accounts) == ["carla"]


def expect_unknown_name(occ: ScriptedOcc) -> None:
    """Two accounts are listed, one of them without its display name."""
    occ.expect_read(*LIST, said=rows(row("anna"), DIRECTORY))
    occ.expect_read(*DISPLAY_NAMES, said=rows(DIRECTORY, command=DISPLAY_NAMES))


def test_a_search_that_a_display_name_might_match(occ: ScriptedOcc) -> None:
    """It says that it cannot tell, and does not miss an account."""
    expect_unknown_name(occ)
    with pytest.raises(CloudError, match=r"of 1 accounts.*api_url") as raised:
        opened(occ).list_accounts(search="from ldap")
    assert raised.value.code == "refused"


def test_a_search_that_needs_no_display_name(crowd: ScriptedOcc) -> None:
    """The account is found by its name."""
    expect_unknown_name(crowd)
    for name in ("anna", "carla"):
        expect_groups_of(crowd, name)
    assert names(opened(crowd).list_accounts(search="A").accounts) == ["anna", "carla"]


def test_a_list_with_a_gap_is_none(crowd: ScriptedOcc) -> None:
    """When the groups of one account cannot be read, nothing is told."""
    expect_list(crowd, row("anna"))
    expect_groups(crowd, "admin")
    crowd.expect_read("user:list-groups", "--output=json", "--", "anna", said=failed("Something else"))
    with pytest.raises(CloudError) as raised:
        opened(crowd).list_accounts()
    assert raised.value.code == "refused"
