# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator has the worker do: retry, cancel and approve operations, hold and release clouds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bill_nextcloud.cli.client import RequestRefused, administer
from bill_nextcloud.cli.options import CloudArgument, SettingsFile
from bill_nextcloud.cli.output import counted, plain
from bill_nextcloud.cli.reading import cloud_of, record_of
from bill_nextcloud.record import CloudRow
from bill_nextcloud.record.operations import DELETE
from bill_nextcloud.record.tables import MOST
from bill_nextcloud.settings import DEFAULT_PATH, Settings, read_settings

OperationArguments = Annotated[
    list[int], typer.Argument(min=1, max=MOST, metavar="ID...", help="Numbers of operations.")
]


def retry(numbers: OperationArguments, settings: SettingsFile = DEFAULT_PATH) -> None:
    """Try operations again, now: those that failed, and those that wait to be tried again or for their turn."""
    _each(read_settings(settings), "retry", numbers, "is tried again")


def cancel(numbers: OperationArguments, settings: SettingsFile = DEFAULT_PATH) -> None:
    """Take back operations that have not ended. The account of a deletion that is taken back stays, disabled."""
    _each(read_settings(settings), "cancel", numbers, "is cancelled")


def approve(
    numbers: Annotated[
        list[int] | None, typer.Argument(min=1, max=MOST, metavar="[ID]...", help="Numbers of operations.")
    ] = None,
    cloud: Annotated[
        str | None, typer.Option(metavar="CLOUD", help="All that wait on this cloud (number or name).")
    ] = None,
    settings: SettingsFile = DEFAULT_PATH,
) -> None:
    """Allow deletions and suspensions beyond the hour's limit."""
    if bool(numbers) == bool(cloud):
        raise typer.BadParameter("name either operations or --cloud")
    read = read_settings(settings)
    parameters: dict[str, Any] = {"cloud": _cloud(read, cloud).id} if cloud else {"operations": numbers}
    allowed = administer(read.bridge.socket_path, "approve", parameters)["operations"]
    for number in allowed:
        print(f"operation {number} is approved")
    if not allowed:
        print("no operation waits for approval there")


def hold(
    cloud: CloudArgument,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why: `status` shows it with your name.")],
    settings: SettingsFile = DEFAULT_PATH,
) -> None:
    """Let the operations of a cloud wait, until it is released."""
    if not reason.strip():
        raise typer.BadParameter("say why, for those who ask what the cloud waits for", param_hint="'--reason'")
    read = read_settings(settings)
    row = _cloud(read, cloud)
    administer(read.bridge.socket_path, "hold", {"cloud": row.id, "reason": reason})
    print(plain(f"cloud {row.name} ({row.id}) is held; bill-nextcloud release {row.id} lets it go on"))


def release(
    cloud: CloudArgument,
    force: Annotated[
        bool, typer.Option("--force", help="Also while what it is held for seems to stand, such as wrong credentials.")
    ] = False,
    settings: SettingsFile = DEFAULT_PATH,
) -> None:
    """Let a held cloud go on with what waits."""
    read = read_settings(settings)
    row = _cloud(read, cloud)
    answer = administer(read.bridge.socket_path, "release", {"cloud": row.id, "force": force})
    if not answer["held"]:
        print(plain(f"cloud {row.name} ({row.id}) was not held"))
        return
    waited = counted(answer["operations"], "operation goes", "operations go")
    print(plain(f"cloud {row.name} ({row.id}) is released; {waited} on"))


def _cloud(settings: Settings, wanted: str) -> CloudRow:
    return cloud_of(record_of(settings), wanted)


def _each(settings: Settings, action: str, numbers: Sequence[int], done: str) -> None:
    """One request for each operation; one that is refused stops none of the others. Ends with status 1 when any was."""
    refused = False
    for number in numbers:
        try:
            answer = administer(settings.bridge.socket_path, action, {"operation": number})
        except RequestRefused as error:
            refused = True
            print(f"bill-nextcloud: {plain(error.message)}", file=sys.stderr)
        else:
            other = f" as operation {answer['operation']}" if answer["operation"] != number else ""
            print(f"operation {number} {done}{other}")
            if action == "cancel" and answer["command"] == DELETE:
                print("  its account stays, disabled, until somebody removes it by hand or the service is taken back")
    if refused:
        raise typer.Exit(1)
