# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds that do not answer as they should, and wishes that cannot be: each task says what is wrong, and the rest of
its list is done nevertheless."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from harness.cloud import Server

from collection.conftest import Installed
from collection.tasks import MODULES, Played, Task, connection, play

PASSWORD = "Example-password-of-the-administrator"
WRONG = "Another-password-that-is-wrong"
OWN = "Example-password-of-an-account"
VARIABLES = {"admin": PASSWORD, "wrong": WRONG, "own": OWN}
OPTIONS: dict[str, dict[str, Any]] = {
    "nextcloud_group": {"name": "customers", "members": ["anna"]},
    "nextcloud_probe": {},
    "nextcloud_quota": {"accounts": [{"name": "anna"}, {"name": "boris"}], "quota": "5 GB", "default": "1 GB"},
    "nextcloud_user": {"name": "anna", "password": "{{ own }}"},
    "nextcloud_user_action": {"name": "anna", "action": "wipe_devices"},
    "nextcloud_user_info": {},
    "nextcloud_users": {"accounts": [{"name": "anna", "quota": "5 GB"}, {"name": "boris", "state": "absent"}]},
}

# Name of the fault: code of the failure, and words of it.
FAULTS = {
    "maintenance": ("maintenance", "is in maintenance mode"),
    "redirect": ("redirected", "It points to https://other.invalid/."),
    "huge": ("not_an_answer", "It is larger than 16777216 bytes."),
    "html": ("not_an_answer", "HTTP status 200"),
    "empty": ("not_an_answer", "HTTP status 200"),
    "cut_before": ("unreachable", "The connection was cut."),
    "wrong credentials": ("wrong_credentials", "Do not try often"),
    "no server": ("unreachable", "Connection refused."),
    "no address": ("invalid_url", "It does not begin with https://"),
}


class Clouds:
    """One cloud with LDAP-like and ordinary accounts, and how to reach it in every state of health."""

    def __init__(self, server: Server) -> None:
        self.server = server
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._closed = free.getsockname()[1]

    def connection(self, fault: str) -> dict[str, str]:
        """Return the connection options of a task that meets a fault."""
        url, password = self.server.cloud.url, "admin"
        if fault == "wrong credentials":
            password = "wrong"
        elif fault == "no server":
            url = f"http://127.0.0.1:{self._closed}"
        elif fault == "no address":
            url = "cloud.example.org"
        elif fault:
            # The stand-in's faults hit a part of the path, so that each has a path of its own.
            url += f"/{fault}"
        return connection(url, "provisioning", password)


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    """The cloud and its faults."""
    server = Server(tmp_path_factory.mktemp("cloud"), admin_user="provisioning", admin_password=PASSWORD)
    standin = server.standin
    for fault in FAULTS:
        if " " not in fault:
            standin.fault(fault, path=f"/{fault}/")
    for name in ("anna", "boris"):
        standin.make_accounts(name, password=OWN)
    standin.make_accounts("directory", backend="LDAP", groups=["customers"], password=OWN)
    standin.make_accounts("chief", groups=["admin", "customers"])
    yield Clouds(server)
    server.stop()


@pytest.fixture(scope="module")
def failed(installed: Installed, clouds: Clouds, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Every module meets every fault, all in one play."""
    tasks = {
        f"{module} {fault}": Task(module, {**OPTIONS[module], **clouds.connection(fault)})
        for fault in FAULTS
        for module in MODULES
    }
    directory = tmp_path_factory.mktemp("faults")
    done = play(installed, directory, tasks, "--diff", defaults={}, variables=VARIABLES)
    clouds.server.standin.forget_login_attempts()
    return done


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("module", MODULES)
def test_a_cloud_that_does_not_answer_as_it_should(failed: Played, module: str, fault: str) -> None:
    """The task fails with a code for programs, and words and a hint for people. A list of accounts fails in each."""
    result = failed[f"{module} {fault}"]
    assert result["changed"] is False
    if module == "nextcloud_users":
        assert not result["failed"]
        failures = [account["failure"] for account in result["accounts"]]
        assert len(failures) == 2
        assert result["summary"]["failed"] == 2
    else:
        assert result["failed"]
        failures = [result["failure"]]
        assert failures[0]["hint"] in result["msg"]
        assert "Traceback" not in result["msg"]
    code, words = FAULTS[fault]
    for failure in failures:
        assert failure["code"] == code
        assert words in f"{failure['message']} {failure['hint']}"
        assert failure["outcome_unknown"] is False
    if module == "nextcloud_quota":
        assert [account["failure"]["code"] for account in result["accounts"]] == [code] * 2


def test_nothing_was_changed_behind_the_faults(failed: Played, clouds: Clouds) -> None:
    """Nor was a log-in with wrong credentials tried twice by any task."""
    requests = clouds.server.standin.requests()
    assert not [request for request in requests if request["method"] != "GET"]
    assert len([request for request in requests if request["status"] == 401]) == len(MODULES)
    account = clouds.server.cloud.account("anna")
    assert account is not None
    assert account["quota"]["quota"] == -3


# lists in which some cannot be done

IMPOSSIBLE = {
    "group: admin": (Task("nextcloud_group", {"name": "admin", "members": ["anna"]}), "protected_group"),
    "group: admin gone": (Task("nextcloud_group", {"name": "admin", "state": "absent"}), "protected_group"),
    "group: same twice": (Task("nextcloud_group", {"name": "g", "members": ["anna", "ANNA"]}), "duplicate_name"),
    "group: same in both": (
        Task("nextcloud_group", {"name": "g", "members": ["anna"], "members_absent": ["Anna"]}),
        "duplicate_name",
    ),
    "group: quota without the app": (Task("nextcloud_group", {"name": "customers", "quota": "5 GB"}), "unsupported"),
    "group: quota of nothing": (Task("nextcloud_group", {"name": "customers", "quota": "0"}), "invalid_value"),
    "group: bad member": (Task("nextcloud_group", {"name": "g", "members": ["a/b"]}), "invalid_name"),
    "group: bad name": (Task("nextcloud_group", {"name": " g"}), "invalid_value"),
    "group: exact without members": (Task("nextcloud_group", {"name": "g", "members_exact": True}), "invalid_value"),
    "group: absent with members": (
        Task("nextcloud_group", {"name": "g", "state": "absent", "members": ["anna"]}),
        "invalid_value",
    ),
    "user: slash": (Task("nextcloud_user", {"name": "a/b", "password": "{{ own }}"}), "invalid_name"),
    "user: name of a list": (Task("nextcloud_user", {"name": "disabled", "password": "{{ own }}"}), "invalid_name"),
    "user: leading space": (Task("nextcloud_user", {"name": " anna", "state": "absent"}), "invalid_name"),
    "user: other case": (Task("nextcloud_user", {"name": "ANNA", "state": "absent"}), "account_conflict"),
    "user: administrator": (Task("nextcloud_user", {"name": "chief", "quota": "1 GB"}), "protected_account"),
    "user: acting": (Task("nextcloud_user", {"name": "provisioning", "state": "absent"}), "protected_account"),
    "user: into admin": (Task("nextcloud_user", {"name": "anna", "groups": ["admin"]}), "invalid_value"),
    "user: no such group": (Task("nextcloud_user", {"name": "anna", "groups": ["nothing"]}), "group_missing"),
    "user: no such manager": (Task("nextcloud_user", {"name": "anna", "manager": "nobody"}), "invalid_value"),
    "user: LDAP name": (Task("nextcloud_user", {"name": "directory", "display_name": "X"}), "backend_refused"),
    "user: LDAP password": (
        Task("nextcloud_user", {"name": "directory", "password": "{{ own }}9", "update_password": "always"}),
        "backend_refused",
    ),
    "user: LDAP delete": (Task("nextcloud_user", {"name": "directory", "state": "absent"}), "backend_refused"),
    "user: wiped and deleted": (
        Task("nextcloud_user", {"name": "anna", "state": "absent", "wipe": True}),
        "invalid_value",
    ),
    "action: no such account": (
        Task("nextcloud_user_action", {"name": "nobody", "action": "send_welcome"}),
        "account_missing",
    ),
    "action: no address": (
        Task("nextcloud_user_action", {"name": "anna", "action": "send_welcome"}),
        "invalid_value",
    ),
    "action: on the server only": (
        Task("nextcloud_user_action", {"name": "anna", "action": "reset_second_factor"}),
        "unsupported",
    ),
    "action: administrator": (
        Task("nextcloud_user_action", {"name": "chief", "action": "wipe_devices"}),
        "protected_account",
    ),
    "quota: nonsense": (Task("nextcloud_quota", {"default": "1,5 GB"}), "invalid_value"),
    "quota: default above maximum": (Task("nextcloud_quota", {"default": "2 GB", "maximum": "1 GB"}), "invalid_value"),
    "quota: unlimited forbidden": (
        Task("nextcloud_quota", {"default": "none", "allow_unlimited": False}),
        "invalid_value",
    ),
    "info: no such group": (Task("nextcloud_user_info", {"group": "nothing"}), "group_missing"),
    "info: a group without a name": (Task("nextcloud_user_info", {"group": ""}), "invalid_value"),
    "info: no such group, with a search": (
        Task("nextcloud_user_info", {"group": "nothing", "search": "a"}),
        "group_missing",
    ),
    "info: slash": (Task("nextcloud_user_info", {"names": ["anna", "a/b"]}), "invalid_name"),
    "info: other case": (Task("nextcloud_user_info", {"names": ["Anna"]}), "account_conflict"),
}
ARGUMENTS = {
    "quota: nothing asked for": (Task("nextcloud_quota"), "one of the following is required"),
    "info: names and group": (Task("nextcloud_user_info", {"names": [], "group": "g"}), "mutually exclusive"),
    "info: below zero": (Task("nextcloud_user_info", {"min_used_percent": -1}), "must not be negative"),
    "group: below zero": (Task("nextcloud_group", {"name": "g", "max_removals": -1}), "must not be negative"),
    "user: unknown option": (Task("nextcloud_user", {"name": "anna", "colour": "red"}), "Unsupported parameters"),
    "users: bad state": (
        Task("nextcloud_users", {"accounts": [{"name": "a", "state": "gone"}]}),
        "value of state must be one of",
    ),
    "action: unknown": (
        Task("nextcloud_user_action", {"name": "anna", "action": "praise"}),
        "value of action must be one of",
    ),
    "probe: not a boolean": (Task("nextcloud_probe", {"write_proof": "perhaps"}), "write_proof"),
}
LISTS = {
    "users": Task(
        "nextcloud_users",
        {
            "accounts": [
                {"name": "directory", "display_name": "X", "quota": "1 GB"},
                {"name": "anna", "quota": "1 GB"},
                {"name": "a/b"},
                {"name": " anna"},
                {"name": "boris"},
                {"name": "BORIS", "state": "absent"},
                {"name": "chief", "state": "disabled"},
                {"name": "new", "password": "{{ own }}", "groups": ["nothing"]},
            ]
        },
    ),
    "users again": Task(
        "nextcloud_users",
        {"accounts": [{"name": "directory", "quota": "3 GB", "groups": ["premium"]}, {"name": "boris", "quota": "2x"}]},
    ),
    "quota": Task(
        "nextcloud_quota",
        {
            "accounts": [
                {"name": "nobody"},
                {"name": "chief"},
                {"name": "boris"},
                {"name": "anna", "quota": "many"},
                {"name": "a/b"},
            ],
            "quota": "4 GB",
        },
    ),
    "members": Task("nextcloud_group", {"name": "premium", "members": ["nobody", "chief", "boris", "ANNA"]}),
    "no members left": Task("nextcloud_group", {"name": "customers", "members": [], "members_exact": True}),
    "no users": Task("nextcloud_users", {"accounts": []}),
    "no names": Task("nextcloud_user_info", {"names": []}),
    "no quotas": Task("nextcloud_quota", {"accounts": []}),
}


@pytest.fixture(scope="module")
def played(
    installed: Installed, clouds: Clouds, failed: Played, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Played, list[str]]:
    """First what cannot be done at all, then lists in which some can; and the writes that the cloud saw."""
    clouds.server.standin.clear_requests()
    tasks = {name: task for name, (task, _) in {**IMPOSSIBLE, **ARGUMENTS}.items()} | LISTS
    directory = tmp_path_factory.mktemp("lists")
    done = play(installed, directory, tasks, defaults=clouds.connection(""), variables=VARIABLES)
    writes = [f"{r['method']} {r['path']}" for r in clouds.server.standin.requests() if r["method"] != "GET"]
    return done, writes


def codes(result: dict[str, Any]) -> list[str | None]:
    """Return the code of each account's failure."""
    return [account["failure"] and account["failure"]["code"] for account in result["accounts"]]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_done(played: tuple[Played, list[str]], name: str) -> None:
    """The task fails with a code, and says it in words."""
    result = played[0][name]
    assert result["failed"]
    assert result["changed"] is False
    assert result["failure"]["code"] == IMPOSSIBLE[name][1], result["msg"]
    assert result["failure"]["hint"] in result["msg"]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_wrong_arguments(played: tuple[Played, list[str]], name: str) -> None:
    """By the spec, before anything is sent."""
    result = played[0][name]
    assert result["failed"]
    assert ARGUMENTS[name][1] in result["msg"]


def test_a_list_of_accounts_with_bad_ones(played: tuple[Played, list[str]]) -> None:
    """Each bad one has its own failure, the task has none, and the good one is done. No account is half done."""
    result = played[0]["users"]
    assert not result["failed"]
    assert result["changed"]
    assert codes(result) == [
        *("backend_refused", None, "invalid_name", "invalid_name"),
        *("duplicate_name", "duplicate_name", "protected_account", "group_missing"),
    ]
    assert [account["name"] for account in result["accounts"] if account["changed"]] == ["anna"]
    assert result["summary"] == {"total": 8, "changed": 1, "failed": 7, "unchanged": 0}


def test_what_an_account_of_a_directory_takes(played: tuple[Played, list[str]]) -> None:
    """Quota and groups are the cloud's own."""
    result = played[0]["users again"]
    assert codes(result) == [None, "invalid_value"]
    account = result["accounts"][0]
    assert account["action"] == "updated"
    assert (account["account"]["backend"], account["account"]["quota"]) == ("LDAP", 3 * 1024**3)
    assert account["account"]["groups"] == ["customers", "premium"]


def test_a_list_of_quotas_with_bad_ones(played: tuple[Played, list[str]]) -> None:
    """The task fails after the good one was done, and names each that was not."""
    result = played[0]["quota"]
    assert result["failed"]
    assert result["changed"]
    assert codes(result) == ["account_missing", "protected_account", None, "invalid_value", "invalid_name"]
    assert result["accounts"][2]["account"]["quota"] == 4 * 1024**3
    assert result["failure"]["account"] == "nobody"
    for name in ("nobody", "chief", "anna", "a/b"):
        assert f"account {name}: " in result["msg"]


def test_a_list_of_members_with_bad_ones(played: tuple[Played, list[str]]) -> None:
    """Who can be added is; an administrator is never made a member of anything."""
    result = played[0]["members"]
    assert result["failed"]
    assert result["changed"]
    failures = {failure["account"]: failure["code"] for failure in result["failures"]}
    assert failures == {"ANNA": "account_conflict", "chief": "protected_account", "nobody": "account_missing"}
    assert result["group"]["members"] == ["boris", "directory"]


def test_a_group_is_emptied_but_for_administrators(played: tuple[Played, list[str]]) -> None:
    """They stay, which is a warning and no failure, as nobody asked for them by name."""
    result = played[0]["no members left"]
    assert not result["failed"]
    assert result["group"]["members"] == ["chief"]
    assert len(result["warnings"]) == 1
    assert result["warnings"][0].startswith("chief stays a member: ")


@pytest.mark.parametrize("name", ["no users", "no names", "no quotas"])
def test_empty_lists(played: tuple[Played, list[str]], name: str) -> None:
    """Nothing to do is no failure."""
    result = played[0][name]
    assert not result["failed"]
    assert result["changed"] is False
    assert result["accounts"] == []
    assert result["summary"]["total"] == 0


def test_no_account_was_touched_but_those(played: tuple[Played, list[str]], clouds: Clouds) -> None:
    """What the cloud saw of writes: those that succeeded, and three that only the cloud itself could refuse."""
    users = "/ocs/v2.php/cloud/users"
    refused = [
        f"POST {users}/anna/groups",  # a group that does not exist
        f"DELETE {users}/directory",
        f"POST {users}",  # the same group
    ]
    done = [
        f"PUT {users}/anna",
        f"POST {users}/directory/groups",
        f"PUT {users}/directory",
        f"PUT {users}/boris",
        f"POST {users}/boris/groups",
        f"DELETE {users}/directory/groups",
    ]
    assert sorted(played[1]) == sorted(refused + done)
    assert clouds.server.cloud.account("new") is None
