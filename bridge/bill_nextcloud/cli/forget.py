# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud forget``: takes a client's personal data out of the record."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from bill_nextcloud.cli.options import SettingsFile
from bill_nextcloud.cli.output import counted
from bill_nextcloud.cli.reading import record_of
from bill_nextcloud.errors import ClientHasOperations
from bill_nextcloud.record import Operations, Store
from bill_nextcloud.record.overview import held_of
from bill_nextcloud.record.tables import MOST
from bill_nextcloud.settings import DEFAULT_PATH, read_settings

_OPERATIONS = ("operation", "operations")
_RUNS = ("run", "runs")


def forget(
    client: Annotated[
        int, typer.Argument(min=1, max=MOST, metavar="CLIENT", help="BILLmanager's number of the client.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    settings: SettingsFile = DEFAULT_PATH,
) -> None:
    """Remove a client's personal data from the record and its runs.

    Account names, wishes, results and failures go; numbers, times and what was done stay. A run serves up to 50
    accounts, so its artifacts go for all of them. Log lines in the journal are out of reach.
    """
    read = read_settings(settings)
    held = held_of(record_of(read), client)
    if held.unfinished:
        raise ClientHasOperations(client=client, operations=", ".join(map(str, held.unfinished)))
    if not held.operations:
        print(f"nothing is on record of client {client}")
        return
    if not yes:
        kept = len([run for run in held.runs if (read.bridge.runs_directory / run).exists()])
        others = " (each may hold other clients' accounts as well)" if kept else ""
        there = f"{counted(held.operations, *_OPERATIONS)}, and the artifacts of {counted(kept, *_RUNS)}{others}"
        typer.confirm(f"Remove the personal data of client {client} from {there}? It cannot be undone.", abort=True)
    count, runs = Operations(Store(read.record_database)).forget(client)
    removed = _remove_artifacts(read.bridge.runs_directory, sorted(set(runs)))
    print(f"client {client} is forgotten: {counted(count, *_OPERATIONS)}, artifacts of {counted(removed, *_RUNS)}")


def _remove_artifacts(directory: Path, runs: list[str]) -> int:
    """How many of ``runs`` still had artifacts, which are gone now."""
    removed = 0
    for run in runs:
        try:
            shutil.rmtree(directory / run)
        except FileNotFoundError:
            continue  # gone by age
        removed += 1
    return removed
