# SPDX-License-Identifier: GPL-3.0-or-later
"""Many small changes on a cloud that allows 50 edits in ten minutes: what is done first, and a run that is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.cloud import Server

from collection.conftest import Installed
from collection.tasks import Played, Task, connection, play, start_again

PASSWORD = "Example-password-of-the-administrator"
CUSTOMER = "Example-password-of-a-customer"
ACCOUNTS = 60
LIMIT = 50
BEFORE_THE_KILL = 20
MIB = 1024**2

EDITED = "/users/user_"
NAMES = [f"user_{number:02d}" for number in range(1, ACCOUNTS + 1)]
TASKS = {
    "accounts": Task(
        "nextcloud_users",
        {
            "accounts": [
                *({"name": name, "quota": "100 MB", "language": "de"} for name in NAMES),
                *({"name": f"guest_{number}", "state": "disabled"} for number in range(1, 4)),
                *({"name": f"gone_{number}", "state": "absent"} for number in range(1, 3)),
                *({"name": f"new_{number}", "quota": "100 MB"} for number in range(1, 4)),
            ],
            "passwords": {f"new_{number}": "{{ customer }}" for number in range(1, 4)},
        },
    )
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Nobody has the wished quota or language."""
    started = Server(tmp_path_factory.mktemp("cloud"), admin_user="provisioning", admin_password=PASSWORD)
    started.standin.make_accounts("user_{number:02d}", count=ACCOUNTS, quota="10 MB", used=MIB, language="en")
    started.standin.make_accounts("guest_{number}", count=3)
    started.standin.make_accounts("gone_{number}", count=2)
    yield started
    started.stop()


class Runs:
    """Plays the same tasks again and again."""

    def __init__(self, installed: Installed, server: Server, directory: Path) -> None:
        self._installed = installed
        self._server = server
        self._directory = directory

    def play(self, *arguments: str) -> dict[str, Any]:
        """Run them to the end, and return the result."""
        self._server.standin.clear_requests()
        done: Played = play(
            self._installed,
            self._directory,
            TASKS,
            *arguments,
            defaults=connection(self._server.cloud.url, "provisioning", "admin"),
            variables={"admin": PASSWORD, "customer": CUSTOMER},
        )
        return done["accounts"]

    def kill_in_the_middle(self) -> None:
        """Kill a run while one of its edits is under way, which the cloud finishes nevertheless."""
        self._server.standin.clear_requests()
        self._server.standin.fault("hold", method="PUT", path=EDITED, skip=BEFORE_THE_KILL, times=1)
        started = start_again(self._installed, self._directory)
        deadline = time.monotonic() + 60
        while self._edits_arrived() <= BEFORE_THE_KILL:
            assert started.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        started.kill()
        started.wait()
        self._server.standin.clear_faults()

    def _edits_arrived(self) -> int:
        arrivals = self._server.standin.arrivals()
        return sum(request["method"] == "PUT" and EDITED in request["path"] for request in arrivals)


def edits(server: Server) -> list[int]:
    """The HTTP status of each edit of a field since the last play began."""
    return [
        request["status"]
        for request in server.standin.requests()
        if request["method"] == "PUT" and not request["path"].endswith(("/enable", "/disable"))
    ]


def failures(result: dict[str, Any]) -> dict[str, str]:
    """Code of each account that failed."""
    return {account["name"]: account["failure"]["code"] for account in result["accounts"] if account["failure"]}


def test_sixty_accounts_with_two_edits_each(
    installed: Installed, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A check, a run that is killed, one that meets the limit, one that does the rest."""
    runs = Runs(installed, server, tmp_path_factory.mktemp("play"))
    warning = "the cloud allows 50 in 10 minutes to one acting account"
    checked = runs.play("--check")
    assert [text.partition(";")[0] for text in checked["warnings"] if warning in text] == ["120 edits are planned"]
    assert edits(server) == []

    runs.kill_in_the_middle()
    done = BEFORE_THE_KILL + 1
    assert [server.cloud.account(name)["quota"]["quota"] for name in NAMES[: done + 1]] == [  # type: ignore[index]
        *[100 * MIB] * done,
        10 * MIB,
    ]

    server.standin.advance_clock(601)
    limited = runs.play()
    quotas = ACCOUNTS - done
    languages = LIMIT - quotas
    assert edits(server) == [200] * LIMIT + [429]
    assert failures(limited) == dict.fromkeys(NAMES[languages:], "rate_limited")
    assert limited["failed"] is False
    assert any(f"{quotas + ACCOUNTS} edits are planned" in text for text in limited["warnings"])
    accounts = {account["name"]: account for account in limited["accounts"]}
    assert {accounts[name]["account"]["quota"] for name in NAMES} == {100 * MIB}
    assert [accounts[name]["account"]["language"] for name in NAMES] == ["de"] * languages + ["en"] * (60 - languages)
    assert {accounts[f"guest_{number}"]["account"]["enabled"] for number in range(1, 4)} == {False}
    assert {server.cloud.account(f"gone_{number}") is None for number in range(1, 3)} == {True}
    assert {server.cloud.account(f"new_{number}") is None for number in range(1, 4)} == {False}

    server.standin.advance_clock(601)
    rest = runs.play()
    assert (failures(rest), edits(server)) == ({}, [200] * (ACCOUNTS - languages))
    assert rest["summary"]["changed"] == ACCOUNTS - languages
