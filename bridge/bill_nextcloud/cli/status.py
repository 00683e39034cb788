# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud status``: for people, and as a check of Nagios, Zabbix or cron."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.cli.health import Health, Level, Thresholds, ask_worker, empty, read_record
from bill_nextcloud.cli.options import Json, SettingsFile
from bill_nextcloud.cli.output import console, local, plain, print_json, state_text, table
from bill_nextcloud.cli.reading import record_of
from bill_nextcloud.errors import EngineUnavailable, OperationError
from bill_nextcloud.settings import DEFAULT_PATH, read_settings

_STYLES = {Level.OK: "bold green", Level.WARNING: "bold yellow", Level.CRITICAL: "bold red", Level.UNKNOWN: "bold"}


def status(
    settings: SettingsFile = DEFAULT_PATH,
    warning_age: Annotated[
        int, typer.Option(min=1, metavar="SECONDS", help="WARNING when the oldest operation has waited so long.")
    ] = 900,
    critical_age: Annotated[
        int, typer.Option(min=1, metavar="SECONDS", help="CRITICAL when the oldest operation has waited so long.")
    ] = 3600,
    warning_failed: Annotated[
        int, typer.Option(min=1, metavar="N", help="WARNING when so many operations failed for good within 24 h.")
    ] = 1,
    json: Json = False,
) -> None:
    """Tell whether all is well: worker, clouds, backlog.

    The first line is the verdict, as monitoring plug-ins print it, and so is the exit status: 0 OK, 1 WARNING,
    2 CRITICAL, 3 UNKNOWN. It works while the worker is down.

    CRITICAL: the worker or the record's database does not answer, or an operation has waited for --critical-age.
    WARNING: a cloud is held, operations wait for approval or failed for good, or one has waited for --warning-age.
    Deletions in their retention do not count.
    """
    if warning_age > critical_age:
        raise typer.BadParameter("--warning-age must not be more than --critical-age")
    health = empty()
    limits = Thresholds(warning_age, critical_age, warning_failed)
    try:
        read = read_settings(settings)
        ask_worker(read, health)
        read_record(record_of(read), health, limits)
    except EngineUnavailable as error:
        # Without it the bridge takes no operation.
        health.add(Level.CRITICAL, error.code, text(error.failure, "en"))
    except OperationError as error:
        health.add(Level.UNKNOWN, error.code, text(error.failure, "en"))
    except OSError as error:
        health.add(Level.UNKNOWN, "not_readable", f"{error.strerror}: {error.filename}")
    level = health.judge(_fine(health.document))
    if json:
        print_json(health.document)
    else:
        _print(health, level, limits)
    raise typer.Exit(level)


def _fine(document: dict[str, Any]) -> str:
    return f"worker running, {document['unfinished']} unfinished, no cloud held"


def _print(health: Health, level: Level, limits: Thresholds) -> None:
    document, out = health.document, console()
    out.print(
        Text.assemble((level.name, _STYLES[level]), plain(f": {document['summary']}{_measures(document, limits)}")),
        soft_wrap=True,
    )
    if document["clouds"]:
        out.print()
        out.print(_clouds(document["clouds"]))
    if document["backlog"]:
        out.print()
        out.print(_backlog(document["backlog"], document["clouds"]))


def _measures(document: dict[str, Any], limits: Thresholds) -> str:
    """The same in numbers, as monitoring plug-ins append it: ``name=value;warning;critical``."""
    if document["unfinished"] is None:
        return ""
    seconds = document["oldest"]["age_seconds"]
    return (
        f" | oldest={seconds}s;{limits.warning_age};{limits.critical_age} unfinished={document['unfinished']}"
        f" held={document['clouds_held']} approval={document['waiting_for_approval']}"
        f" failed={document['failed_24h']};{limits.warning_failed}"
    )


def _clouds(clouds: list[dict[str, Any]]) -> Any:
    rows = []
    for cloud in clouds:
        held = cloud["state"] == "held"
        why = cloud["reason"]["text"] if cloud["reason"] else None
        probe = (_clock(cloud["next_probe_at"]) or "none") if held else None
        by = f" by {cloud['held_by']}" if cloud["held_by"] else ""
        since = f"{_clock(cloud['held_since'])}{by}" if held else None
        rows.append((cloud["cloud"], cloud["name"], state_text(cloud["state"]), cloud["waiting"], since, probe, why))
    return table(("CLOUD", "NAME", "STATE", "WAITING", "HELD SINCE", "NEXT PROBE", "WHY"), rows)


def _backlog(backlog: list[dict[str, Any]], clouds: list[dict[str, Any]]) -> Any:
    names = {cloud["cloud"]: cloud["name"] for cloud in clouds}
    rows = (
        (
            names.get(row["cloud"], row["cloud"]),
            state_text(row["state"]),
            row["count"],
            _clock(row["oldest_accepted_at"]),
        )
        for row in backlog
    )
    return table(("CLOUD", "STATE", "OPERATIONS", "OLDEST ACCEPTED"), rows)


def _clock(value: str | None) -> str:
    """A time of the document for people."""
    return "" if value is None else local(datetime.fromisoformat(value).timestamp())
