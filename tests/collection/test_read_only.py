# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode and the reading modules change nothing: the cloud's own log of requests and its whole state say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from harness.cloud import Server

from collection.conftest import Installed
from collection.tasks import MODULES, Played, Task, connection, play

PASSWORD = "Example-password-of-the-administrator"
OLD, NEW = "Example-password-of-before", "Example-password-of-now"
GIB = 1024**3
SETTINGS = (
    *("files/default_quota", "files/max_quota", "files/allow_unlimited_quota"),
    *("files_sharing/hide_disabled_user_shares", "groupquota/quota_premium"),
)

# What each task says it would do: fields that would change, or None for a task that only reads.
WISHES: dict[str, tuple[Task, list[str] | None]] = {
    "user: create": (
        Task(
            "nextcloud_user",
            {
                "name": "new-1",
                "password": "{{ new }}",
                "groups": ["customers"],
                "group_admin_of": ["premium"],
                "quota": "5 GB",
                "email": "new@example.org",
                "display_name": "Новая",
                "language": "ru",
                "manager": "boris",
            },
        ),
        [
            *("state", "enabled", "password", "groups", "group_admin_of"),
            *("quota", "email", "display_name", "language", "manager"),
        ],
    ),
    "user: invite": (
        Task("nextcloud_user", {"name": "new-2", "invite": True, "email": "new-2@example.org"}),
        ["state", "enabled", "invitation", "email"],
    ),
    "user: create with a new group": (
        Task(
            "nextcloud_user", {"name": "new-3", "password": "{{ new }}", "groups": ["made now"], "create_groups": True}
        ),
        ["state", "enabled", "password", "groups"],
    ),
    "user: every field": (
        Task(
            "nextcloud_user",
            {
                "name": "anna",
                "password": "{{ new }}",
                "update_password": "always",
                "groups": ["premium"],
                "groups_absent": ["customers"],
                "group_admin_of": ["customers"],
                "group_admin_of_absent": ["premium"],
                "quota": "none",
                "email": "other@example.org",
                "display_name": "Other",
                "language": "de",
                "manager": "boris",
            },
        ),
        ["groups", "group_admin_of", "quota", "email", "display_name", "language", "manager", "password"],
    ),
    "user: enable, password unknown": (
        Task("nextcloud_user", {"name": "closed", "password": "{{ new }}", "update_password": "always"}),
        ["enabled", "password"],
    ),
    "user: disable": (Task("nextcloud_user", {"name": "boris", "state": "disabled"}), ["enabled"]),
    "user: disable and wipe": (
        Task("nextcloud_user", {"name": "boris", "state": "disabled", "wipe": True}),
        ["devices", "enabled"],
    ),
    "user: delete": (Task("nextcloud_user", {"name": "anna", "state": "absent"}), ["state"]),
    "user: empty fields": (Task("nextcloud_user", {"name": "anna", "email": "", "manager": ""}), ["email", "manager"]),
    "user: proven ours": (
        Task(
            "nextcloud_user",
            {
                "name": "anna",
                "ownership": "proven",
                "password": "{{ old }}",
                "email": "anna@example.org",
                "quota": "7 GB",
            },
        ),
        ["quota"],
    ),
    "group: create": (
        Task("nextcloud_group", {"name": "new group", "display_name": "New", "members": ["anna", "boris"]}),
        ["state", "display_name", "members"],
    ),
    "group: rename": (Task("nextcloud_group", {"name": "premium", "display_name": "Premium!"}), ["display_name"]),
    "group: quota": (Task("nextcloud_group", {"name": "premium", "quota": "7 GB"}), ["quota"]),
    "group: members": (
        Task("nextcloud_group", {"name": "customers", "members": ["boris"], "members_exact": True}),
        ["members"],
    ),
    "group: members_absent": (
        Task("nextcloud_group", {"name": "customers", "members_absent": ["anna"]}),
        ["members"],
    ),
    "group: delete": (Task("nextcloud_group", {"name": "premium", "state": "absent"}), ["state"]),
    "quota: instance": (
        Task("nextcloud_quota", {"default": "3 GB", "maximum": "50 GB", "allow_unlimited": False}),
        ["default", "maximum", "allow_unlimited"],
    ),
    "info": (Task("nextcloud_user_info"), None),
    "info: group": (Task("nextcloud_user_info", {"group": "customers"}), None),
    "info: names": (Task("nextcloud_user_info", {"names": ["anna", "nobody"]}), None),
    "probe": (Task("nextcloud_probe"), None),
    "probe: groups": (
        Task("nextcloud_probe", {"list_groups": True, "write_proof": False, "read_limits": False}),
        None,
    ),
}
ACCOUNTS = {
    "users: several": (
        Task(
            "nextcloud_users",
            {
                "accounts": [
                    {"name": "new-4", "groups": ["customers", "made now"], "quota": "1 GB"},
                    {"name": "anna", "state": "disabled", "quota": "1.5 GiB"},
                    {"name": "boris", "state": "absent"},
                    {"name": "closed", "state": "exists", "language": "ru"},
                ],
                "passwords": {"new-4": "{{ new }}"},
                "create_groups": True,
            },
        ),
        ["created", "updated", "deleted", "updated"],
    ),
    "quota: accounts": (
        Task("nextcloud_quota", {"accounts": [{"name": "anna"}, {"name": "boris", "quota": "none"}], "quota": "9 GB"}),
        ["updated", "updated"],
    ),
}


# What is done to an account has no fields that would change.
ACTIONS = {
    "action: welcome": Task("nextcloud_user_action", {"name": "anna", "action": "send_welcome"}),
    "action: wipe": Task("nextcloud_user_action", {"name": "boris", "action": "wipe_devices"}),
}
SWITCH = "users: switch"
ALL = {
    **{name: task for name, (task, _) in {**WISHES, **ACCOUNTS}.items()},
    **ACTIONS,
    SWITCH: Task("nextcloud_users", {"accounts": [], "disabled_shares": "hidden"}),
}


@dataclass(frozen=True)
class Watched:
    """A play, what the cloud's log has of writes, and the cloud's state before and after it."""

    played: Played
    writes: list[str]
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A cloud with accounts that differ in everything from what is wished."""
    started = Server(tmp_path_factory.mktemp("cloud"), admin_user="provisioning", admin_password=PASSWORD)
    standin = started.standin
    standin.make_accounts(
        "anna",
        password=OLD,
        email="anna@example.org",
        display_name="Anna",
        groups=["customers"],
        subadmin=["premium"],
        quota="5 GB",
        used=GIB,
        manager="root",
    )
    standin.set_app_config("groupquota", enabled="yes")
    standin.set_app_config("files", default_quota="1 GB", max_quota="107374182400")
    standin.make_accounts("boris", password=OLD, quota="2 GB", used=1)
    standin.make_accounts("closed", password=OLD, enabled=False)
    yield started
    started.stop()


def state(server: Server) -> dict[str, Any]:
    """Return accounts, groups and settings of a cloud, without the times of log-ins."""
    ask = server.cloud.ocs
    accounts = ask("GET", "users/details")["data"]["users"]
    for account in accounts.values():
        for moment in ("firstLoginTimestamp", "lastLoginTimestamp", "lastLogin"):
            del account[moment]
    settings = "../apps/provisioning_api/api/v1/config/apps"
    return {
        "accounts": accounts,
        "groups": ask("GET", "groups/details")["data"]["groups"],
        "settings": {key: ask("GET", f"{settings}/{key}")["data"]["data"] for key in SETTINGS},
        "mails": server.standin.mails(),
    }


@pytest.fixture(scope="module")
def watched(installed: Installed, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """All wishes in check mode with diffs."""
    before = state(server)
    server.standin.clear_requests()
    done = play(
        installed,
        tmp_path_factory.mktemp("play"),
        ALL,
        "--check",
        "--diff",
        defaults=connection(server.cloud.url, "provisioning", "admin"),
        variables={"admin": PASSWORD, "old": OLD, "new": NEW},
    )
    writes = [
        f"{request['method']} {request['path']}"
        for request in server.standin.requests()
        if request["method"] not in ("GET", "HEAD")
    ]
    return Watched(done, writes, before, state(server))


def test_every_module_is_tried() -> None:
    """A module that comes later has to be named here."""
    assert {task.module for task in ALL.values()} == set(MODULES)


def test_nothing_is_written(watched: Watched) -> None:
    """Not one request of a writing method reaches the cloud, but the probe's group without a name, once."""
    assert watched.writes == ["POST /ocs/v2.php/cloud/groups"]


def test_nothing_has_changed(watched: Watched) -> None:
    """Accounts, groups and settings are as before, and no mail was sent."""
    assert watched.after == watched.before


@pytest.mark.parametrize("name", WISHES)
def test_changes_are_predicted(watched: Watched, name: str) -> None:
    """Each field that differs, in the result and in the diff; reading changes nothing."""
    result, fields = watched.played[name], WISHES[name][1]
    assert not result["failed"], result
    assert result["failure"] is None
    assert result["changed"] is (fields is not None)
    if fields is None:
        assert "diff" not in result
        return
    changes = result["instance"]["changes"] if "instance" in result else result["changes"]
    assert [change["field"] for change in changes] == fields
    assert len(result["diff"]) == 1
    before, after = result["diff"][0]["before"], result["diff"][0]["after"]
    assert before != after
    for field in set(fields) - {"state"}:
        assert f"{field}: " in after


@pytest.mark.parametrize("name", ACCOUNTS)
def test_changes_of_several_accounts_are_predicted(watched: Watched, name: str) -> None:
    """Each account says what would be done with it."""
    result, actions = watched.played[name], ACCOUNTS[name][1]
    assert result["changed"]
    assert [account["failure"] for account in result["accounts"]] == [None] * len(actions)
    assert [account["action"] for account in result["accounts"]] == actions
    assert len(result["diff"]) == len(actions)
    assert result["summary"] == {"total": len(actions), "changed": len(actions), "failed": 0, "unchanged": 0}


@pytest.mark.parametrize("name", ACTIONS)
def test_what_would_be_done_to_an_account(watched: Watched, name: str) -> None:
    """It is told, and there is nothing to compare."""
    result = watched.played[name]
    assert result["changed"]
    assert result["failure"] is None
    assert "diff" not in result


def test_the_switch_that_would_be_set(watched: Watched) -> None:
    """In the result and in the diff."""
    result = watched.played[SWITCH]
    assert result["disabled_shares"] == {"changed": True, "before": None, "after": "hidden", "failure": None}
    assert [entry["after"] for entry in result["diff"]] == ['disabled_shares: "hidden"\n']


def test_groups_that_would_be_made_are_named(watched: Watched) -> None:
    """In the result of both modules for accounts."""
    assert watched.played["user: create with a new group"]["groups_created"] == ["made now"]
    assert watched.played["users: several"]["groups_created"] == ["made now"]
