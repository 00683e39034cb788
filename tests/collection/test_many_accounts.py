# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud with 5,000 accounts: all of them are found, in as few requests as can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from harness.cloud import Server

from collection.conftest import Installed
from collection.tasks import Played, Task, connection, play

PASSWORD = "Example-password-of-the-administrator"
MIB = 1024**2
CHECKED = 300


def users(first: int, last: int) -> list[str]:
    """Return the names of accounts by number."""
    return [f"user_{number:05d}" for number in range(first, last + 1)]


AS_WISHED = [*users(2001, 4700), *users(4991, 5000)]
"""Of both backends."""

TASKS = {
    "all": Task("nextcloud_user_info"),
    "disabled": Task("nextcloud_user_info", {"enabled": False}),
    "group": Task("nextcloud_user_info", {"group": "50% für a+b/c"}),
    "search": Task("nextcloud_user_info", {"search": "user_0499"}),
    "search in group": Task("nextcloud_user_info", {"search": "user_0499", "group": "50% für a+b/c"}),
    "nearly full": Task("nextcloud_user_info", {"min_used_percent": 90}),
    "check": Task(
        "nextcloud_users",
        {
            "accounts": [
                {"name": f"user_{number:05d}", "state": "exists", "quota": "10 MB" if number % 2 else "20 MB"}
                for number in range(1, CHECKED + 1)
            ]
        },
    ),
    "as wished": Task(
        "nextcloud_users",
        {"accounts": [{"name": name, "state": "exists", "quota": "10 MB"} for name in AS_WISHED]},
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """4,000 accounts and 1,000 others (group, disabled, nearly full); with the administrator 5,001, and 3 remnants."""
    started = Server(tmp_path_factory.mktemp("cloud"), admin_user="provisioning", admin_password=PASSWORD)
    seed = started.standin.make_accounts
    seed("user_{number:05d}", count=4000, quota="10 MB", used=MIB, email="user_{number}@example.org")
    seed(
        "user_{number:05d}",
        first=4001,
        count=700,
        display_name="Пользователь {number}",
        groups=["50% für a+b/c"],
        quota="10 MB",
        used=MIB,
    )
    seed("user_{number:05d}", first=4701, count=290, enabled=False)
    seed(
        "user_{number:05d}", first=4991, count=10, backend="LDAP", groups=["50% für a+b/c"], quota="10 MB", used=9 * MIB
    )
    seed("gone_{number}", count=3, backend="LDAP", gone=True)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def played(
    installed: Installed, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Played, list[dict[str, Any]]]:
    """All tasks in one play, and the cloud's log of requests."""
    server.standin.clear_requests()
    done = play(
        installed,
        tmp_path_factory.mktemp("play"),
        TASKS,
        "--check",
        "-v",
        defaults=connection(server.cloud.url, "provisioning", "admin"),
        variables={"admin": PASSWORD},
    )
    return done, server.standin.requests()


def names(played: tuple[Played, list[dict[str, Any]]], name: str) -> list[str]:
    """Return the accounts' names of a task that has not failed."""
    result = played[0][name]
    assert not result["failed"], result["msg"]
    return [account["name"] for account in result["accounts"]]


def test_all_accounts_are_found(played: tuple[Played, list[dict[str, Any]]]) -> None:
    """Of two backends, once each; remnants are named apart."""
    assert names(played, "all") == ["provisioning", *users(1, 5000)]
    result = played[0]["all"]
    assert result["unreadable"] == ["gone_1", "gone_2", "gone_3"]
    assert result["missing"] == []
    used = (4700 + 9 * 10) * MIB + result["accounts"][0]["used"]
    assert result["summary"] == {"total": 5001, "enabled": 4711, "disabled": 290, "used": used}
    assert result["changed"] is False


def test_the_requests_for_all_accounts(played: tuple[Played, list[dict[str, Any]]]) -> None:
    """What product it is, who acts, pages of 500 until one brings nothing new, one list of all names, one look at each
    remnant."""
    status, first, *others = played[1]
    assert status["path"] == "/status.php"
    assert first["path"] == "/ocs/v2.php/cloud/user"
    asked = []
    for request in others:
        asked.append(request)
        if request["path"].endswith("/users"):
            rest = others[len(asked) : len(asked) + 3]
            break
    pages = [parse_qs(request["query"]) for request in asked[:-1]]
    assert [(page["limit"], page["offset"]) for page in pages] == [(["500"], [str(500 * n)]) for n in range(len(pages))]
    assert {request["path"] for request in asked[:-1]} == {"/ocs/v2.php/cloud/users/details"}
    assert len(pages) == 11  # 4,991 of the database in ten, those of LDAP in the first, and one that is empty
    assert [request["path"].rpartition("/")[2] for request in rest] == ["gone_1", "gone_2", "gone_3"]


def test_one_log_in_serves_many_requests(played: tuple[Played, list[dict[str, Any]]]) -> None:
    """All of them as the administrator; none was refused, and none wrote."""
    assert {request["path"] for request in played[1] if request["auth"] is None} == {"/status.php"}
    assert {request["auth"] for request in played[1]} == {None, "provisioning"}
    assert {request["method"] for request in played[1]} == {"GET"}
    assert {request["status"] for request in played[1]} == {200, 404}  # 404: the remnants


def test_filters(played: tuple[Played, list[dict[str, Any]]]) -> None:
    """By state, by group, by text, by use; the cloud itself picks group and text."""
    assert names(played, "disabled") == users(4701, 4990)
    assert names(played, "group") == [*users(4001, 4700), *users(4991, 5000)]
    assert names(played, "search") == users(4990, 4999)
    assert names(played, "search in group") == users(4991, 4999)
    assert names(played, "nearly full") == users(4991, 5000)
    assert played[0]["group"]["summary"] == {"total": 710, "enabled": 710, "disabled": 0, "used": 790 * MIB}


def test_progress_is_shown_with_v(played: tuple[Played, list[dict[str, Any]]]) -> None:
    """A long reading tells how far it is."""
    lines = played[0].run.output.splitlines()
    assert "510 accounts read" in lines
    assert "5001 accounts read" in lines


def of_wishes(played: tuple[Played, list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Return the requests of each of the two tasks that have wishes, without the first, which asks for the product."""
    starts = [index for index, request in enumerate(played[1]) if request["path"] == "/status.php"]
    return [played[1][starts[-2] + 1 : starts[-1]], played[1][starts[-1] + 1 :]]


def test_a_list_of_wishes_for_a_part_of_the_cloud(played: tuple[Played, list[dict[str, Any]]]) -> None:
    """One request for each account, after one that shows that pages would be dearer. Half of them would be changed."""
    result = played[0]["check"]
    assert result["summary"] == {"total": CHECKED, "changed": CHECKED // 2, "failed": 0, "unchanged": CHECKED // 2}
    listed, *rest = of_wishes(played)[0]
    assert (listed["path"], parse_qs(listed["query"])["limit"]) == ("/ocs/v2.php/cloud/users", ["601"])
    # Several at the same time.
    assert sorted(request["path"].rpartition("/")[2] for request in rest) == users(1, CHECKED)


def test_wishes_for_more_than_half_of_the_cloud(played: tuple[Played, list[dict[str, Any]]]) -> None:
    """Pages until the last of them was found, and no request for any account by itself."""
    result = played[0]["as wished"]
    assert result["summary"] == {"total": 2710, "changed": 0, "failed": 0, "unchanged": 2710}
    assert [account["account"]["name"] for account in result["accounts"]] == AS_WISHED
    listed, *rest = of_wishes(played)[1]
    assert listed["path"] == "/ocs/v2.php/cloud/users"
    assert {request["path"] for request in rest} == {"/ocs/v2.php/cloud/users/details"}
    pages = [parse_qs(request["query"]) for request in rest]
    assert [(page["limit"], page["offset"]) for page in pages] == [
        (["50"], ["0"]),
        *((["500"], [str(offset)]) for offset in range(0, 5000, 500)),
    ]
