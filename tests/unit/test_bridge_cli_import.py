# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud import``: what it asks of the worker, some accounts at a time, and what it shows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from harness.command import Answering, Command, Listen
from standins.billmanager import Panel

CLAIMED = {"code": "import_claimed", "kind": "final", "parameters": {"account": "old", "service": "7"}}
DOWN = {"code": "billmanager_unavailable", "kind": "temporary", "parameters": {"detail": "mgrctl"}}
REFUSED = {"code": "import_refused", "kind": "final", "parameters": {"account": "user_3", "detail": "no"}}
INCOMPLETE = {
    "code": "import_incomplete",
    "kind": "final",
    "parameters": {"cloud": "Blue", "imported": "0", "failed": "1", "detail": "no."},
}


def row(name: str, result: str = "fits", failure: dict[str, Any] | None = None) -> dict[str, Any]:
    """An account as the worker tells it."""
    return {
        "account": name,
        "enabled": True,
        "email": None,
        "quota": 1024**3,
        "groups": ["customers"],
        "tariff": None if failure is CLAIMED else {"id": 1, "name": "Small"},
        "client": None,
        "service": 12 if result == "imported" else None,
        "result": result,
        "failure": failure,
    }


class Worker:
    """Answers: 120 accounts that fit and 30 that are services. ``refused``: this one is; ``down``: from this one on
    BILLmanager does not answer."""

    def __init__(self, refused: str = "", down: str = "") -> None:
        self.refused, self.down = refused, down

    def __call__(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """For one request."""
        failure = None
        if not parameters.get("adopt"):
            rows = [row(f"user_{number}") for number in range(120)]
            rows += [row(f"old_{number}", "left_out", CLAIMED) for number in range(30)]
        else:
            names, rows = parameters["names"], []
            for name in names:
                if name == self.down or (rows and rows[-1]["result"] == "fits"):
                    rows.append(row(name))
                    failure = DOWN
                elif name == self.refused:
                    rows.append(row(name, "failed", REFUSED))
                    failure = INCOMPLETE
                else:
                    rows.append(row(name, "imported"))
        result = {"cloud": "Blue", "fitting": 120, "accounts": rows, "left_off": 5, "failure": failure}
        return {"status": "done", "result": result}


@pytest.fixture
def shop(command: Command, tmp_path: Path, empty_panel: Path) -> Command:
    """The command beside a panel with the cloud Blue."""
    panel = Panel(shutil.copytree(empty_panel, tmp_path / "mgr5"))
    panel.add_cloud("Blue", {"url": "https://blue.example", "username": "admin"}, {"password": "x"})
    with command.settings.open("a", encoding="utf-8") as file:
        file.write(f'[billmanager]\nroot = "{panel.root}"\ndatabase_url = "{panel.database_url}"\n')
    return command


def asked(worker: Answering) -> list[int]:
    """How many accounts each request names; 0: it only looks."""
    return [len(request["parameters"].get("names", [])) for request in worker.requests]


def test_it_only_looks(shop: Command, listen: Listen) -> None:
    """Without --adopt; those that are services already are counted when they are many."""
    worker = listen({"import": Worker()})
    shown = shop("import", "--cloud", "Blue", "--search", "user*").stdout
    assert [request["parameters"] for request in worker.requests] == [
        {"cloud": 1, "item_type": "backupservice", "search": "user*"}
    ]
    assert "old_1" not in shown
    assert "… and 30 that are services already" in shown
    assert "… and 5 more: narrow it down" in shown
    assert "120 accounts can become services (--adopt), 30 are left out." in shown
    assert len(shop.json("import", "--cloud", "1")["accounts"]) == 150
    # A script's empty variable does not mean all accounts.
    assert "--search" in shop.error("import", "--cloud", "Blue", "--adopt", "--search", " ", status=2)
    assert len(worker.requests) == 2


def test_some_at_a_time(shop: Command, listen: Listen) -> None:
    """And a refusal stops none of the others."""
    worker = listen({"import": Worker(refused="user_3")})
    shown = shop("import", "--cloud", "Blue", "--adopt", status=1).stdout
    assert asked(worker) == [0, 50, 50, 20]
    assert "119 accounts have become services, 31 are left out." in shown
    assert "BILLmanager made no service for the account user_3" in shown


def test_billmanager_does_not_answer(shop: Command, listen: Listen) -> None:
    """Then the rest is not tried, and it says so."""
    worker = listen({"import": Worker(down="user_60")})
    done = shop.json("import", "--cloud", "Blue", "--adopt", status=2)
    assert asked(worker) == [0, 50, 50]
    assert done["failure"]["code"] == "billmanager_unavailable"
    results = [one["result"] for one in done["accounts"][:120]]
    assert results == ["imported"] * 60 + ["fits"] * 60
    assert "60 not tried" in shop("import", "--cloud", "Blue", "--adopt", status=2).stdout
