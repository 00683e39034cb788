# SPDX-License-Identifier: GPL-3.0-or-later
"""How the bridge is: gathered from the record and the worker's socket, and judged as monitoring wants it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.cli.client import administer
from bill_nextcloud.cli.output import counted, duration, failure_json, iso
from bill_nextcloud.errors import WorkerNotRunning
from bill_nextcloud.record import CloudRow, Clouds, State, Store
from bill_nextcloud.record.overview import Waiting, backlog, failed_since, oldest_waiting
from bill_nextcloud.record.tables import UNFINISHED
from bill_nextcloud.settings import Settings

DAY = 86400
_PING_SECONDS = 2.0


class Level(IntEnum):
    """A verdict; the number is the exit status that monitoring plug-ins have agreed on."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Thresholds:
    """From when on something is bad: the age of the oldest unfinished operation (seconds), and how many operations
    failed for good within a day."""

    warning_age: int
    critical_age: int
    warning_failed: int


@dataclass
class Health:
    """The verdict and what it is made of. ``document`` is what ``--json`` prints."""

    document: dict[str, Any]
    problems: list[tuple[Level, str, str]] = field(default_factory=list)

    def add(self, level: Level, code: str, sentence: str) -> None:
        """Something is wrong: ``code`` names it for programs, ``sentence`` for people."""
        self.problems.append((level, code, sentence))

    def judge(self, fine: str) -> Level:
        """Put the verdict into the document; ``fine`` is said when nothing is wrong. Returns it."""
        # UNKNOWN is the highest number, but whatever is known to be critical says more.
        order = [Level.OK, Level.WARNING, Level.UNKNOWN, Level.CRITICAL]
        level = max((one for one, _, _ in self.problems), key=order.index, default=Level.OK)
        by_weight = sorted(self.problems, key=lambda one: -order.index(one[0]))
        self.document |= {
            "status": level.name.lower(),
            "exit_status": int(level),
            "summary": "; ".join(sentence.rstrip(".") for _, _, sentence in by_weight) or fine,
            "problems": [
                {"level": one.name.lower(), "code": code, "text": sentence} for one, code, sentence in by_weight
            ],
        }
        return level


def empty() -> Health:
    """A health of which nothing is known yet: every key is there."""
    return Health(
        {
            "status": "unknown",
            "exit_status": int(Level.UNKNOWN),
            "summary": "",
            "time": iso(time.time()),
            "worker": {"running": None, "pid": None, "started_at": None},
            "unfinished": None,
            "waiting_for_approval": None,
            "clouds_held": None,
            "failed_24h": None,
            "oldest": {"operation": None, "waiting_since": None, "age_seconds": None},
            "clouds": [],
            "backlog": [],
            "problems": [],
        }
    )


def ping(settings: Settings) -> dict[str, Any]:
    """The worker's process: ``{"pid", "started_at"}`` (seconds since 1970). Raises :class:`WorkerNotRunning`, and
    ``PermissionError`` when this user may not ask."""
    return administer(settings.bridge.socket_path, "ping", {}, seconds=_PING_SECONDS)


def ask_worker(settings: Settings, health: Health) -> None:
    """Whether the worker answers. Raises ``PermissionError`` when this user may not ask."""
    try:
        answer = ping(settings)
    except WorkerNotRunning as error:
        health.document["worker"]["running"] = False
        health.add(Level.CRITICAL, error.code, text(error.failure, "en"))
        return
    health.document["worker"] = {
        "running": True,
        "pid": answer["pid"],
        "started_at": iso(answer["started_at"]),
    }


def read_record(store: Store, health: Health, limits: Thresholds) -> None:
    """Clouds, backlog, ages and failures. Raises ``EngineUnavailable``."""
    now, waiting = time.time(), backlog(store)
    counts = {state: sum(row["count"] for row in waiting if row["state"] == state) for state in UNFINISHED}
    _judge_clouds(Clouds(store).all(), waiting, health)
    _judge_age(next(iter(oldest_waiting(store)), None), now, health, limits)
    if counts[State.APPROVAL]:
        sentence = f"{counted(counts[State.APPROVAL], 'operation waits', 'operations wait')} for bill-nextcloud approve"
        health.add(Level.WARNING, "approval_waiting", sentence)
    failed = failed_since(store, now - DAY).total()
    if failed and failed >= limits.warning_failed:
        sentence = f"{counted(failed, 'operation', 'operations')} failed for good within 24 h"
        health.add(Level.WARNING, "operations_failed", sentence)
    health.document |= {
        "unfinished": sum(counts.values()) - counts[State.DELAYED],
        "waiting_for_approval": counts[State.APPROVAL],
        "failed_24h": failed,
        "backlog": [
            {
                "cloud": row["cloud"],
                "state": row["state"],
                "count": row["count"],
                "oldest_accepted_at": iso(row["oldest"]),
            }
            for row in waiting
        ],
    }


def _judge_clouds(clouds: list[CloudRow], waiting: list[dict[str, Any]], health: Health) -> None:
    held = [cloud for cloud in clouds if cloud.held]
    if held:
        names = ", ".join(f"{cloud.name} ({cloud.id})" for cloud in held)
        health.add(Level.WARNING, "cloud_held", f"held: {names}")
    health.document["clouds_held"] = len(held)
    health.document["clouds"] = [
        {
            "cloud": cloud.id,
            "name": cloud.name,
            "state": "held" if cloud.held else "ok",
            "held_since": iso(cloud.held_since),
            "held_by": cloud.held_by,
            "reason": failure_json(cloud.failure, next_attempt=cloud.probe_at),
            "next_probe_at": iso(cloud.probe_at),
            "waiting": sum(
                row["count"] for row in waiting if row["cloud"] == cloud.id and row["state"] != State.DELAYED
            ),
        }
        for cloud in clouds
    ]


def _judge_age(oldest: Waiting | None, now: float, health: Health, limits: Thresholds) -> None:
    if oldest is None:
        health.document["oldest"]["age_seconds"] = 0
        return
    number, seconds = oldest.operation, max(int(now - oldest.since), 0)
    health.document["oldest"] = {"operation": number, "waiting_since": iso(oldest.since), "age_seconds": seconds}
    level = Level.CRITICAL if seconds >= limits.critical_age else Level.WARNING
    if seconds >= limits.warning_age:
        health.add(level, "oldest_operation", f"operation {number} is unfinished since {duration(seconds)}")
