# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud that refused credentials: BILLmanager's are not tried again, worker hosts are asked for others."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bill_nextcloud.administration import Administration, StillHeld
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import EngineUnavailable, Failure
from bill_nextcloud.holds import Holds
from bill_nextcloud.importing.services import Import
from bill_nextcloud.operation import Operations
from bill_nextcloud.playbook import Runs
from bill_nextcloud.settings import RetrySettings
from harness.command import Record
from harness.processes import until

REFUSED = Failure("wrong_credentials", {"cloud": "Blue"})


class Parts:
    """Stands for BILLmanager's database and for runs, here or ``elsewhere``; probes find nothing wrong."""

    def __init__(self, elsewhere: bool) -> None:
        self.elsewhere = elsewhere
        self.done: list[str] = []

    def rows(self, query: object) -> list[dict[str, Any]]:
        return []

    def cloud(self, module: int, *, secret: bool) -> Cloud:
        self.done.append("with the password" if secret else "without a password")
        return Cloud(module, "Blue", "https://blue", "admin", "")

    def probe(self, cloud: Cloud) -> None:
        self.done.append("probe")

    def try_again(self, module: int) -> None:
        self.done.append("try again")


def held(record: Record, parts: Parts, failure: Failure) -> Holds:
    """Holds of which cloud 3 is one, because of ``failure``."""
    database, runs = cast(Database, parts), cast(Runs, parts)
    holds = Holds(RetrySettings(), record.clouds, cast(Mgrctl, None), database, runs, lambda module, by: 0)
    holds.hold(3, failure, "bridge")
    return holds


def test_credentials_of_billmanager(record: Record) -> None:
    """Neither by itself nor when somebody asks, until they change."""
    parts = Parts(elsewhere=False)
    holds = held(record, parts, REFUSED)
    assert holds.probe_at(3) is None
    assert holds.probe(3) == REFUSED
    assert parts.done == []


def test_credentials_of_worker_hosts(record: Record) -> None:
    """At the pace of a probe, since it costs no log-in; without BILLmanager's password."""
    parts = Parts(elsewhere=True)
    holds = held(record, parts, REFUSED)
    at = holds.probe_at(3)
    assert at is not None
    assert 20 < at - time.time() < 40
    assert holds.probe(3) is None
    assert parts.done == ["without a password", "probe"]


@pytest.mark.parametrize("force", [True, False])
def test_only_force_lets_refused_ones_be_tried_again(record: Record, force: bool) -> None:
    """A release alone keeps them."""
    parts = Parts(elsewhere=True)
    holds = held(record, parts, REFUSED)
    holds.release(3, "tester", force=force)
    assert parts.done == (["try again"] if force else [])
    assert holds.failure(3) is None


def test_a_hold_that_begins_while_another_is_announced(record: Record) -> None:
    """BILLmanager is slow: the cloud was released and is held anew before it has taken the first alarm."""
    begun, go_on, alarms = threading.Event(), threading.Event(), []

    class Slow(Parts):
        def call(self, function: str, parameters: dict[str, str], secrets: dict[str, str] | None = None) -> None:
            alarms.append(function)
            begun.set()
            go_on.wait(10)

    parts = Slow(elsewhere=True)
    holds = Holds(
        RetrySettings(),
        record.clouds,
        cast(Mgrctl, parts),
        cast(Database, parts),
        cast(Runs, parts),
        lambda module, by: 0,
    )
    holds.hold(3, REFUSED, "bridge")
    announcing = threading.Thread(target=holds._announce, args=(holds._rows[3],))
    announcing.start()
    assert begun.wait(10)
    holds.release(3, "tester")
    holds.hold(3, Failure("maintenance", {"cloud": "Blue"}), "bridge")
    go_on.set()
    announcing.join(10)
    first = list(alarms)
    holds._announce(holds._rows[3])
    assert len(alarms) > len(first) > 0


def test_what_an_administrator_has_held_meanwhile_stays_held(record: Record) -> None:
    """A probe that passes, or a check of the connection, does not lift it; a release does."""
    parts = Parts(elsewhere=False)
    holds = held(record, parts, Failure("maintenance", {"cloud": "Blue"}))
    own = Failure("held_by_administrator", {"cloud": "Blue", "detail": "backup"})

    def probe(cloud: Cloud) -> None:
        holds.hold(3, own, "root")

    parts.probe = probe  # type: ignore[method-assign]
    holds._probing.add(3)
    holds._probe(3)
    assert holds.failure(3) == own
    holds.passed(3)
    assert holds.failure(3) == own
    holds.release(3, "root")
    assert holds.failure(3) is None


def test_an_administrator_may_change_the_reason(record: Record) -> None:
    """What he or another has given before; nothing else replaces it."""
    holds = held(record, Parts(elsewhere=False), Failure("held_by_administrator", {"cloud": "Blue", "detail": "one"}))
    holds.hold(3, Failure("held_by_administrator", {"cloud": "Blue", "detail": "two"}), "bert")
    holds.hold(3, Failure("maintenance", {"cloud": "Blue"}), "bridge")
    row = record.clouds.all()[0]
    assert row.failure is not None
    assert (row.failure.parameters["detail"], row.held_by) == ("two", "bert")


def test_a_release_that_probes_lifts_no_hold_that_came_meanwhile(record: Record) -> None:
    """Of another administrator, who works at the cloud now."""
    parts = Parts(elsewhere=False)
    holds = held(record, parts, Failure("maintenance", {"cloud": "Blue"}))
    own = Failure("held_by_administrator", {"cloud": "Blue", "detail": "disks"})

    def probe(cloud: Cloud) -> None:
        holds.hold(3, own, "bert")

    parts.probe = probe  # type: ignore[method-assign]
    operations = cast(Operations, SimpleNamespace(holds=holds))
    database = cast(Database, SimpleNamespace(clouds=lambda: [(3, "Blue")]))
    administration = Administration(operations, database, cast(Import, None))
    with pytest.raises(StillHeld) as raised:
        administration("release", {"cloud": 3}, "anna")
    assert raised.value.failure == own
    assert holds.failure(3) == own
    assert administration("release", {"cloud": 3}, "anna") == {"cloud": 3, "held": True, "operations": 0}
    assert holds.failure(3) is None


def test_a_slow_database_keeps_no_other_cloud_waiting(record: Record) -> None:
    """It is asked for the credentials of a cloud that is to be held; the others go on meanwhile."""
    entered, goes_on = threading.Event(), threading.Event()

    class Slow(Parts):
        def rows(self, query: object) -> list[dict[str, Any]]:
            entered.set()
            assert goes_on.wait(20)
            return []

    parts = Slow(elsewhere=False)
    database, runs = cast(Database, parts), cast(Runs, parts)
    holds = Holds(RetrySettings(), record.clouds, cast(Mgrctl, None), database, runs, lambda module, by: 0)
    holding = threading.Thread(target=holds.hold, args=(3, REFUSED, "bridge"))
    holding.start()
    assert entered.wait(10)
    asked = threading.Thread(target=holds.failure, args=(4,))
    asked.start()
    asked.join(5)
    assert not asked.is_alive()
    goes_on.set()
    holding.join(10)
    assert holds.failure(3) == REFUSED


def test_clouds_that_are_new(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noted while the bridge runs; that its own record fails for once does not end the watch over held clouds."""
    monkeypatch.setattr("bill_nextcloud.holds.WATCH_SECONDS", 0)
    answers: list[Any] = [[], EngineUnavailable(detail="read-only"), [(5, "Green")]]

    class Growing(Parts):
        def clouds(self) -> list[tuple[int, str]]:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, Exception):
                raise answer
            return cast(list[tuple[int, str]], answer)

    parts = Growing(elsewhere=False)
    database, runs = cast(Database, parts), cast(Runs, parts)
    holds = Holds(RetrySettings(), record.clouds, cast(Mgrctl, None), database, runs, lambda module, by: 0)
    holds.start()
    try:
        until(lambda: "Green" in [row.name for row in record.clouds.all()], 20)
    finally:
        holds.stop()
