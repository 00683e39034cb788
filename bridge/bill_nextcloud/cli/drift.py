# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud drift``: where clouds differ from what was sold."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.cli.options import Json, SettingsFile
from bill_nextcloud.cli.output import coloured, console, counted, difference, failure_json, plain, print_json, table
from bill_nextcloud.cli.progress import progress
from bill_nextcloud.cli.reading import matching, record_of
from bill_nextcloud.errors import Failure, OperationError, RecordMissing
from bill_nextcloud.record import Clouds
from bill_nextcloud.settings import DEFAULT_PATH, Settings, read_settings
from bill_nextcloud.treatment import WRONG_CREDENTIALS

if TYPE_CHECKING:
    from bill_nextcloud.drift import CloudDrift

AGREES, DIFFERS, UNREADABLE = 0, 1, 2
_REFUSED = (WRONG_CREDENTIALS, "login_blocked")


def drift(
    clouds: Annotated[
        list[str] | None, typer.Argument(metavar="[CLOUD]...", help="Numbers or names; by default every cloud.")
    ] = None,
    settings: SettingsFile = DEFAULT_PATH,
    json: Json = False,
) -> None:
    """Show where clouds differ from what was sold; changes nothing.

    Exit status 0: no drift, 1: drift, 2: something could not be read. Services in processing belong to their operations
    and are left out; an operation that ends meanwhile may show as drift.
    """
    # What is written (artifacts) is for this user only.
    os.umask(0o077)
    read = read_settings(settings)
    found, unusable = _compare_all(read, clouds or [])
    if json:
        print_json(_document(found, unusable))
    else:
        _print(found, unusable, read, settings)
    if unusable or any(cloud.unread for cloud in found):
        raise typer.Exit(UNREADABLE)
    raise typer.Exit(DIFFERS if any(cloud.differences for cloud in found) else AGREES)


def _compare_all(settings: Settings, wanted: list[str]) -> tuple[list[CloudDrift], list[OperationError]]:
    # They load ansible-runner, which the other commands do without.
    from bill_nextcloud.billmanager.asked import credentials_digest
    from bill_nextcloud.billmanager.connection import database_of
    from bill_nextcloud.drift import CloudDrift, Unread, compare, drift_runs
    from bill_nextcloud.mapping import Mapping
    from bill_nextcloud.sold import usable_clouds

    database, mapping = database_of(settings.billmanager), Mapping(settings.accounts.mapping)
    known, unusable = usable_clouds(database)
    chosen = matching(known, wanted) if wanted else known
    held = _refused_log_ins(settings)
    found = []
    with drift_runs(settings) as runs, progress() as bars:
        for cloud in chosen:
            task = bars.add_task(plain(cloud.name), total=None)

            def tell(total: int, done: int, task: Any = task) -> None:
                bars.update(task, total=total, completed=done)

            failure, credentials = held.get(cloud.id, (None, None))
            if failure is not None and not runs.elsewhere and credentials == credentials_digest(database, cloud.id):
                # Each further log-in brings the cloud nearer to locking this address.
                found.append(CloudDrift(cloud.id, cloud.name, unread=[Unread(None, None, failure)]))
            else:
                found.append(compare(settings, database, mapping, runs, cloud, known, tell))
    return found, [] if wanted else unusable


def _refused_log_ins(settings: Settings) -> dict[int, tuple[Failure, str | None]]:
    """Why and with which credentials clouds are held that have refused a log-in, by number; none without a record."""
    try:
        rows = Clouds(record_of(settings)).all()
    except RecordMissing:
        return {}
    return {row.id: (row.failure, row.credentials) for row in rows if row.failure and row.failure.code in _REFUSED}


def _document(found: list[CloudDrift], unusable: list[OperationError]) -> dict[str, Any]:
    return {
        "clouds": [
            {
                "cloud": cloud.cloud,
                "name": cloud.name,
                "compared": cloud.compared,
                "differences": [
                    {
                        "service": one.service,
                        "account": one.account,
                        "changes": [
                            {"field": change["field"], "is": change["before"], "sold": change["after"]}
                            for change in one.changes
                        ],
                    }
                    for one in cloud.differences
                ],
                "unread": [
                    {"service": one.service, "account": one.account, "failure": failure_json(one.failure)}
                    for one in cloud.unread
                ],
            }
            for cloud in found
        ],
        "unusable": [failure_json(error.failure) for error in unusable],
    }


def _print(found: list[CloudDrift], unusable: list[OperationError], settings: Settings, file: Path) -> None:
    out = console()
    rows = [
        (cloud.name, one.account, one.service, Text("\n").join(map(coloured, difference(one.account, one.changes))))
        for cloud in found
        for one in cloud.differences
    ]
    if rows:
        out.print(table(("CLOUD", "ACCOUNT", "SERVICE", "- IS  + SOLD"), rows))
        out.print()
    unread = [(cloud, one) for cloud in found for one in cloud.unread]
    if unread or unusable:
        out.print("Not compared", style="bold")
    for cloud, one in unread:
        of = "all the rest" if one.service is None else f"service {one.service}"
        out.print(plain(f"  {cloud.name}, {of}: {text(one.failure, 'en')}"), soft_wrap=True)
    for error in unusable:
        out.print(plain(f"  {text(error.failure, 'en')}"), soft_wrap=True)
    if unread or unusable:
        out.print()
    compared = sum(cloud.compared for cloud in found)
    total = counted(compared, "account", "accounts")
    out.print(f"{total} compared, {counted(len(rows), 'differs', 'differ')}.")
    if rows:
        hosts = [f"cloud_{cloud.cloud}" for cloud in found if cloud.differences]
        mending = _by_worker_hosts(settings) if settings.runs.workers else _by_hand(settings, file, hosts)
        out.print(plain(f"To mend that: {mending}"), soft_wrap=True)


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
