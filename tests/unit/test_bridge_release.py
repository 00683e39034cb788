# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator's hold needs, and what a release finds: nothing to release, another reason, or none."""

from __future__ import annotations

import re
import time
from typing import Any, cast

import pytest
from bill_nextcloud.administration import Administration, StillHeld
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import BadRequest, Failure, OperationError
from bill_nextcloud.holds import Holds
from bill_nextcloud.importing.services import Import
from bill_nextcloud.operation import Operations
from bill_nextcloud.playbook import Runs
from bill_nextcloud.settings import RetrySettings
from harness.command import Command, Record

MAINTENANCE = Failure("maintenance", {"cloud": "Blue"})
UNREACHABLE = Failure("unreachable", {"cloud": "Blue", "detail": "no route"})
BLOCKED = Failure("login_blocked", {"cloud": "Blue"})
CERTIFICATE = Failure("certificate_not_verified", {"cloud": "Blue", "detail": "expired"})
TIMEOUT = Failure("timeout", {"cloud": "Blue", "detail": "30 s"})


class Found(OperationError):
    """What a probe finds."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(**failure.parameters)
        self.code = failure.code


class Parts:
    """BILLmanager's database with the cloud 3, runs whose probe finds ``finding``, and no operation that waits."""

    elsewhere = False

    def __init__(self, record: Record) -> None:
        self.finding: Failure | None = None
        self.tried_again: list[int] = []
        database, runs = cast(Database, self), cast(Runs, self)
        self.holds = Holds(RetrySettings(), record.clouds, cast(Mgrctl, None), database, runs, lambda module, by: 0)
        self.holds._save(self.holds._row(3, "Blue"))
        self.administration = Administration(cast(Operations, self), database, cast(Import, None))

    def clouds(self) -> list[tuple[int, str]]:
        return [(3, "Blue")]

    def rows(self, query: object) -> list[dict[str, Any]]:
        return []

    def cloud(self, module: int, *, secret: bool) -> Cloud:
        return Cloud(module, "Blue", "https://blue", "admin", "")

    def probe(self, cloud: Cloud) -> None:
        if self.finding is not None:
            raise Found(self.finding)

    def try_again(self, module: int) -> None:
        self.tried_again.append(module)

    def release(self, *, force: bool = False) -> dict[str, Any]:
        return self.administration("release", {"cloud": 3, "force": force}, "anna")


@pytest.fixture
def parts(record: Record) -> Parts:
    """With a cloud that is not held."""
    return Parts(record)


def test_a_hold_is_explained(command: Command, parts: Parts) -> None:
    """``status`` tells who holds the cloud, and why, in one line; a reason is no more than 200 letters."""
    parts.administration("hold", {"cloud": 3, "reason": " new\ndisks "}, "anna")
    shown = command("status", status=2).stdout
    assert re.search(r"held .* by anna +none +The cloud Blue is held by an administrator \(new disks\)\.", shown)
    parts.release()
    parts.administration("hold", {"cloud": 3, "reason": 300 * "x"}, "anna")
    held = parts.holds.failure(3)
    assert held is not None
    assert held.parameters["detail"] == 200 * "x"


@pytest.mark.parametrize("reason", [{}, {"reason": ""}, {"reason": " \n"}, {"reason": None}])
def test_a_hold_without_a_reason(parts: Parts, reason: dict[str, Any]) -> None:
    """Is refused, whoever asks."""
    with pytest.raises(BadRequest):
        parts.administration("hold", {"cloud": 3, **reason}, "anna")
    assert parts.holds.failure(3) is None


@pytest.mark.parametrize("force", [False, True])
def test_one_that_is_not_held(parts: Parts, record: Record, force: bool) -> None:
    """The answer says so, and nothing else changes; worker hosts may try their credentials again."""
    before = record.clouds.all()
    assert parts.release(force=force) == {"cloud": 3, "held": False, "operations": 0}
    assert parts.tried_again == ([3] if force else [])
    assert record.clouds.all() == before


def test_one_that_is_held(parts: Parts) -> None:
    """And can be used again."""
    parts.holds.hold(3, MAINTENANCE, "bridge")
    assert parts.release() == {"cloud": 3, "held": True, "operations": 0}
    assert parts.holds.failure(3) is None


@pytest.mark.parametrize(
    ("before", "finding", "after"),
    [
        (MAINTENANCE, CERTIFICATE, CERTIFICATE),
        (MAINTENANCE, UNREACHABLE, UNREACHABLE),
        (CERTIFICATE, MAINTENANCE, MAINTENANCE),
        (MAINTENANCE, TIMEOUT, MAINTENANCE),
        (BLOCKED, UNREACHABLE, BLOCKED),
    ],
)
def test_another_reason(command: Command, parts: Parts, before: Failure, finding: Failure, after: Failure) -> None:
    """Is the one that ``status`` tells from then on, with its own pace of probes."""
    parts.holds.hold(3, before, "bridge")
    parts.finding = finding
    with pytest.raises(StillHeld) as raised:
        parts.release()
    assert raised.value.failure == finding
    (cloud,) = command.json("status", status=2)["clouds"]
    assert (cloud["state"], cloud["held_by"], cloud["reason"]["code"]) == ("held", "bridge", after.code)
    assert parts.holds.failure(3) == after


def test_a_reason_with_another_pace(parts: Parts) -> None:
    """The next probe comes at it: what held the cloud before had it looked at in half an hour."""
    parts.holds.hold(3, BLOCKED, "bridge")
    first = parts.holds.probe_at(3)
    parts.finding = MAINTENANCE
    with pytest.raises(StillHeld):
        parts.release()
    now = parts.holds.probe_at(3)
    assert first is not None
    assert now is not None
    assert now - time.time() < 60 < first - time.time()


def test_asking_often_does_not_slow_the_probes_down(parts: Parts) -> None:
    """They stay where they were."""
    parts.holds.hold(3, MAINTENANCE, "bridge")
    first = parts.holds.probe_at(3)
    parts.finding = MAINTENANCE
    for _ in range(3):
        with pytest.raises(StillHeld):
            parts.release()
    assert parts.holds.probe_at(3) == first
