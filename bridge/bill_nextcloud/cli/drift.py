# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud drift``: where clouds differ from what was sold."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from bill_nextcloud.cli.ending import ended_in_order
from bill_nextcloud.cli.options import Json, SettingsFile
from bill_nextcloud.cli.output import coloured, console, counted, difference, plain, replaced, require_file, table
from bill_nextcloud.cli.progress import progress
from bill_nextcloud.cli.reading import matching, record_of
from bill_nextcloud.errors import Failure, RecordMissing
from bill_nextcloud.record import Clouds
from bill_nextcloud.settings import DEFAULT_PATH, Settings, read_settings
from bill_nextcloud.treatment import WRONG_CREDENTIALS

if TYPE_CHECKING:
    from bill_nextcloud.cli.findings import Findings

AGREES, DIFFERS, UNREADABLE = 0, 1, 2
# More are for programs.
_SHOWN = 1000
_REFUSED = (WRONG_CREDENTIALS, "login_blocked")


def drift(
    clouds: Annotated[
        list[str] | None, typer.Argument(metavar="[CLOUD]...", help="Numbers or names; by default every cloud.")
    ] = None,
    settings: SettingsFile = DEFAULT_PATH,
    json: Json = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write what is found there, a line of JSON for each account that differs or cannot be read.",
        ),
    ] = None,
) -> None:
    """Show where clouds differ from what was sold; changes nothing.

    Exit status 0: no drift, 1: drift, 2: something could not be read. Services in processing belong to their operations
    and are left out; an operation that ends meanwhile may show as drift.
    """
    if output is not None and json:
        raise typer.BadParameter("--output writes JSON of its own: leave --json out")
    require_file(output)
    # What is written (artifacts, FILE) is for this user only.
    os.umask(0o077)
    read = read_settings(settings)
    with ended_in_order(), tempfile.TemporaryFile() if output is None else replaced(output) as file:
        found = _compare_all(read, clouds or [], file)
        if json:
            found.write_json(sys.stdout)
        elif output is None:
            _print_findings(found)
        # Read before the file takes its place.
        troubles = [row for row in found.rows("unread") if row["service"] is None] if output is not None else []
    if not json:
        _print_end(found, read, settings, output, troubles)
    if not found.complete:
        raise typer.Exit(UNREADABLE)
    raise typer.Exit(DIFFERS if found.differences else AGREES)


def _compare_all(settings: Settings, wanted: list[str], file: IO[bytes]) -> Findings:
    # They load ansible-runner, which the other commands do without.
    from bill_nextcloud.billmanager.asked import credentials_digest
    from bill_nextcloud.billmanager.connection import database_of
    from bill_nextcloud.cli.findings import Findings
    from bill_nextcloud.drift import CloudDrift, Unread, compare, drift_runs
    from bill_nextcloud.mapping import Mapping
    from bill_nextcloud.sold import usable_clouds

    database, mapping = database_of(settings.billmanager), Mapping(settings.accounts.mapping)
    known, unusable = usable_clouds(database)
    chosen = matching(known, wanted) if wanted else known
    held = _refused_log_ins(settings)
    found = Findings(file)
    with drift_runs(settings) as runs, progress() as bars:
        for cloud in chosen:
            task = bars.add_task(plain(cloud.name), total=None)

            def tell(total: int, done: int, task: Any = task) -> None:
                bars.update(task, total=total, completed=done)

            take = partial(found.take, cloud)
            failure, credentials = held.get(cloud.id, (None, None))
            if failure is not None and not runs.elsewhere and credentials == credentials_digest(database, cloud.id):
                # Each further log-in brings the cloud nearer to locking this address.
                take(Unread(None, None, failure))
                found.end_of(CloudDrift(cloud.id, cloud.name, unread=1))
            else:
                found.end_of(compare(settings, database, mapping, runs, cloud, known, take, tell))
    found.end([] if wanted else unusable)
    return found


def _refused_log_ins(settings: Settings) -> dict[int, tuple[Failure, str | None]]:
    """Why and with which credentials clouds are held that have refused a log-in, by number; none without a record."""
    try:
        rows = Clouds(record_of(settings)).all()
    except RecordMissing:
        return {}
    return {row.id: (row.failure, row.credentials) for row in rows if row.failure and row.failure.code in _REFUSED}


def _print_findings(found: Findings) -> None:
    """The table, and what could not be compared."""
    out = console()
    if found.differences:
        out.print(table(("CLOUD", "ACCOUNT", "SERVICE", "- IS  + SOLD"), _lines(found)))
        _and_more(out, found.differences)
        out.print()
    if not found.complete:
        _print_unread(out, found.rows("unread"), found.unusable)
        _and_more(out, sum(cloud.unread for cloud in found.clouds))
        out.print()


def _print_end(
    found: Findings, settings: Settings, file: Path, output: Path | None, troubles: list[dict[str, Any]]
) -> None:
    """The numbers and what is to be done. ``file`` has the settings; ``troubles``: why whole clouds were not read, if
    all else is in ``output``."""
    out = console()
    if troubles or (output is not None and found.unusable):
        _print_unread(out, troubles, found.unusable)
        out.print()
    total = counted(found.compared, "account", "accounts")
    out.print(f"{total} compared, {counted(found.differences, 'differs', 'differ')}.")
    if output is not None:
        words = "" if found.complete else " Not everything could be compared: it has the reasons, too."
        out.print(plain(f"What was found is in {output}.{words}"), soft_wrap=True)
    if found.differences:
        hosts = [f"cloud_{cloud.cloud}" for cloud in found.clouds if cloud.differences]
        mending = _by_worker_hosts(settings) if settings.runs.workers else _by_hand(settings, file, hosts)
        out.print(plain(f"To mend that: {mending}"), soft_wrap=True)


def _lines(found: Findings) -> Iterator[tuple[str, str, int, Text]]:
    for row in islice(found.rows("difference"), _SHOWN):
        changes = [{"field": one["field"], "before": one["is"], "after": one["sold"]} for one in row["changes"]]
        lines = Text("\n").join(map(coloured, difference(row["account"], changes)))
        yield row["name"], row["account"], row["service"], lines


def _print_unread(out: Console, rows: Iterable[dict[str, Any]], unusable: Iterable[dict[str, Any]]) -> None:
    out.print("Not compared", style="bold")
    for row in islice(rows, _SHOWN):
        of = "all the rest" if row["service"] is None else f"service {row['service']}"
        out.print(plain(f"  {row['name']}, {of}: {row['failure']['text']}"), soft_wrap=True)
    for failure in unusable:
        out.print(plain(f"  {failure['text']}"), soft_wrap=True)


def _and_more(out: Console, count: int) -> None:
    if count > _SHOWN:
        out.print(f"… and {count - _SHOWN} more: --output FILE or --json has them.")


def _by_worker_hosts(settings: Settings) -> str:
    """They have the clouds' passwords, this host may have others: the bridge lets them do it."""
    module = shlex.quote(str(settings.billmanager.root / "processing" / "pmnextcloud"))
    return (
        f"{module} --item SERVICE --command setparam (quota, groups), resume or suspend (enabled), or open (a missing"
        " account); then a worker host does it."
    )


def _by_hand(settings: Settings, file: Path, hosts: list[str]) -> str:
    """The playbook by hand, as README has it, for these clouds."""
    playbook = shlex.quote(str(Path(sys.executable).parent / "ansible-playbook"))
    named = "" if file == DEFAULT_PATH else f"BILL_NEXTCLOUD_SETTINGS={shlex.quote(str(file.resolve()))} "
    return (
        f"cd {shlex.quote(str(settings.bridge.project_directory))} && {named}{playbook}"
        f" -i inventories/billmanager playbooks/accounts.yml --diff --limit {','.join(hosts)}"
    )
