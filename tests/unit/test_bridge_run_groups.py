# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ``playbooks/groups.yml``: what comes back of them, and what is left of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.server_config import Listing
from bill_nextcloud.errors import Failure, RunUnknown
from bill_nextcloud.playbook import Runs
from bill_nextcloud.runs.run import Results, Run
from bill_nextcloud.settings import BridgeSettings, Settings

CLOUD = Cloud(3, "Blue", "https://blue", "admin", "secret")
Let = Callable[..., Runs]


@pytest.fixture
def let(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Let]:
    """Runs whose playbook hands back what is given: ``let(version=…, groups=…, failure=…)``, or nothing."""
    with tempfile.TemporaryDirectory(prefix="bill-nextcloud-", dir="/dev/shm") as runtime:
        bridge = BridgeSettings(state_directory=tmp_path, runtime_directory=Path(runtime))

        def make(**result: Any) -> Runs:
            def executed(run: Run, *_: Any, artifacts: Path, on_event: Results, **__: Any) -> tuple[str, int | None]:
                assert (run.playbook, run.timeout, run.writes, run.accounts) == ("groups", 7, False, [])
                (artifacts / run.ident).mkdir(parents=True)
                handed_back = {"nextcloud_groups": {"cloud_3": result}} if result else {}
                on_event({"event": "playbook_on_stats", "event_data": {"artifact_data": handed_back}})
                return "successful", 0

            monkeypatch.setattr("bill_nextcloud.playbook.execute", executed)
            return Runs(Settings(bridge=bridge))

        yield make
        assert list(bridge.runs_directory.iterdir()) == []
        assert [left.name for left in Path(runtime).iterdir() if left.name != "sessions"] == []


def test_groups(let: Let) -> None:
    """Sorted; that of the administrators is nobody's to give."""
    runs = let(version="31.0.6", groups=["vip", "admin", "Administrators", "a"], free_space=5, failure=None)
    assert runs.groups(CLOUD, 7, space=True) == Listing("31.0.6", ("Administrators", "a", "vip"), free_space=5)
    nothing = let(version=None, groups=["admin"], free_space=None, failure=None)
    assert nothing.groups(CLOUD, 7) == Listing("", ())


def test_a_cloud_that_cannot_be_read(let: Let) -> None:
    """Its own words become ours."""
    failure = {"code": "maintenance", "kind": "held", "message": "It is\nin maintenance.", "detail": None}
    found = let(version="31", groups=None, free_space=None, failure=failure).groups(CLOUD, 7)
    assert isinstance(found, Failure)
    assert (found.code, found.parameters["detail"]) == ("maintenance", "It is in maintenance")


def test_a_run_that_hands_nothing_back(let: Let) -> None:
    """Nothing is known, and nothing is left."""
    with pytest.raises(RunUnknown):
        let().groups(CLOUD, 7)
