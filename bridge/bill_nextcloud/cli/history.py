# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud operations`` and ``show``: what was asked, what was done, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

from bill_nextcloud.billmanager.messages import Language, text
from bill_nextcloud.cli.options import Json, SettingsFile, moment
from bill_nextcloud.cli.output import (
    coloured,
    console,
    difference,
    duration,
    failure_json,
    in_words,
    iso,
    local,
    operation_json,
    plain,
    print_json,
    state_text,
    table,
)
from bill_nextcloud.cli.reading import cloud_of, record_of
from bill_nextcloud.cli.timeline import FORGOTTEN, timeline_json, timeline_line
from bill_nextcloud.record import Attempt, Clouds, Operation, Operations, RunsOnRecord, State
from bill_nextcloud.record.runs import RunRow
from bill_nextcloud.record.tables import MOST
from bill_nextcloud.settings import DEFAULT_PATH, read_settings

# What BILLmanager asks for, and the deletion at the end of a retention (a test holds them to the bridge's).
Asked = Literal[
    "open", "setparam", "suspend", "resume", "close", "reopen", "prolong", "sync_item", "changepassword", "delete"
]


def operations(
    settings: SettingsFile = DEFAULT_PATH,
    service: Annotated[int | None, typer.Option(min=1, max=MOST, metavar="N", help="Only of this service.")] = None,
    account: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this account.")] = None,
    cloud: Annotated[str | None, typer.Option(metavar="CLOUD", help="Only of this cloud (number or name).")] = None,
    state: Annotated[
        list[State] | None, typer.Option(help="Only in this state; may be given several times.", show_default=False)
    ] = None,
    command: Annotated[Asked | None, typer.Option(help="Only this command.", show_default=False)] = None,
    since: Annotated[
        float | None,
        typer.Option(parser=moment, metavar="TIME", help="Accepted since then: 30m, 2h, 7d, 2026-11-01[T14:30]."),
    ] = None,
    until: Annotated[float | None, typer.Option(parser=moment, metavar="TIME", help="Accepted before then.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, metavar="N", help="The newest so many.")] = 50,
    json: Json = False,
) -> None:
    """Search the record of operations; the newest come first."""
    store = record_of(read_settings(settings))
    found = Operations(store).search(
        service=service,
        account=None if account is None else plain(account),
        cloud=None if cloud is None else cloud_of(store, cloud).id,
        states=state or (),
        command=command,
        since=since,
        until=until,
        limit=limit,
    )
    if json:
        print_json([operation_json(operation) for operation in found])
        return
    if not found:
        typer.echo("No operations found.", err=True)
        return
    names = {row.id: row.name for row in Clouds(store).all()}
    rows = (
        (
            one.id,
            local(one.accepted_at),
            one.command,
            one.service,
            one.account,
            names.get(one.cloud or 0, one.cloud),
            state_text(one.state),
            one.attempts,
            _remark(one),
        )
        for one in found
    )
    console().print(
        table(("ID", "ACCEPTED", "COMMAND", "SERVICE", "ACCOUNT", "CLOUD", "STATE", "TRIES", "REMARK"), rows)
    )
    if len(found) == limit:
        typer.echo(f"The newest {limit}; --limit shows more.", err=True)


def show(
    operation: Annotated[int, typer.Argument(min=1, max=MOST, metavar="ID", help="The operation's number.")],
    settings: SettingsFile = DEFAULT_PATH,
    language: Annotated[Language, typer.Option(help="Language of what failed and what to do.")] = "en",
    json: Json = False,
) -> None:
    """Tell all about one operation: timeline, plan, changes, output."""
    read = read_settings(settings)
    store = record_of(read)
    record = Operations(store)
    found, attempts, runs = record.get(operation), record.attempts(operation), RunsOnRecord(store).of(operation)
    events = _timeline(record.events(operation), runs)
    last, output = _output(read.bridge.runs_directory, attempts, runs)
    if json:
        document = operation_json(found, language)
        document["timeline"] = timeline_json(events)
        document["attempt_details"] = [_attempt_json(one, language) for one in attempts]
        document["output"] = output
        print_json(document)
        return
    names = {row.id: row.name for row in Clouds(store).all()}
    out = console()
    _print_head(out, found, names, language)
    _print_events(out, events)
    forgotten = any(event["what"] == FORGOTTEN for event in events)
    for number, attempt in enumerate(attempts, 1):
        _print_attempt(out, number, attempt, found.account or "", language)
        if forgotten:
            out.print("  what was asked for and what came of it: personal data was removed")
    # Of a look nothing is kept unless it failed.
    if last is not None and (output is not None or not any(run.ident == last and run.looks for run in runs)):
        out.print(f"\nOutput of run {last}", style="bold")
        out.print("  not kept any more" if output is None else plain(output, lines=True).rstrip(), soft_wrap=True)


def _remark(operation: Operation) -> str | None:
    if operation.state is State.DELAYED:
        return f"to be deleted {local(operation.due_at)}"
    if operation.failure is None or operation.state in (State.DONE, State.CANCELLED):
        return None
    again = f", again {local(operation.due_at)}" if operation.state is State.RETRYING and operation.due_at else ""
    return f"{operation.failure.code}{again}"


def _timeline(events: list[dict[str, Any]], runs: list[RunRow]) -> list[dict[str, Any]]:
    """What happened, with the beginnings of runs."""
    begun = [
        {"at": run.at, "what": "looks at the cloud" if run.looks else "run begun", "detail": {"run": run.ident}}
        for run in runs
    ]
    return sorted([*events, *begun], key=lambda event: event["at"])


def _output(directory: Path, attempts: list[Attempt], runs: list[RunRow]) -> tuple[str | None, str | None]:
    """The last run, rather one that may have changed something, and what it printed; ``None``: there was none, or it is
    not kept."""
    # Also of attempts whose runs were only noted at their end.
    named = [run.ident for run in runs if run.looks] + [one.run for one in attempts if one.run]
    named += [run.ident for run in runs if not run.looks]
    if not named:
        return None, None
    try:
        return named[-1], (directory / named[-1] / "stdout").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return named[-1], None


def _attempt_json(attempt: Attempt, language: Language) -> dict[str, Any]:
    result = attempt.result or {}
    return {
        "dispatch": attempt.dispatch,
        "started_at": iso(attempt.started_at),
        "ended_at": iso(attempt.ended_at),
        "run": attempt.run,
        "wish": attempt.wish,
        "action": result.get("action"),
        "changes": result.get("changes", []),
        "read_back": result.get("account"),
        "warnings": result.get("warnings", []),
        "failure": failure_json(attempt.failure, language),
    }


def _print_head(out: Console, operation: Operation, names: dict[int, str], language: Language) -> None:
    cloud = "" if operation.cloud is None else f" on {names.get(operation.cloud, 'cloud')} ({operation.cloud})"
    account = f", account {operation.account}" if operation.account else ""
    title = f"Operation {operation.id}: {operation.command}, service {operation.service}{account}{cloud}: "
    out.print(Text.assemble((plain(title), "bold"), state_text(operation.state)), soft_wrap=True)
    facts = [f"asked by {operation.asked_by}"]
    if operation.billmanager_operation:
        facts.append(f"BILLmanager's operation {operation.billmanager_operation}")
    facts.append(f"accepted {local(operation.accepted_at)}")
    if operation.approved_by:
        facts.append(f"approved by {operation.approved_by}")
    if operation.due_at is not None:
        facts.append(f"due {local(operation.due_at)}")
    if operation.ended_at is not None:
        facts.append(f"ended {local(operation.ended_at)} after {duration(operation.ended_at - operation.accepted_at)}")
    out.print(plain("  " + ", ".join(facts)), soft_wrap=True)
    # A cancelled one waits for nothing any more.
    if operation.failure is not None and operation.state != State.CANCELLED:
        out.print(plain("  " + text(operation.failure, language, operation.due_at)), style="red", soft_wrap=True)


def _print_events(out: Console, events: list[dict[str, Any]]) -> None:
    if not events:
        return
    out.print("\nTimeline", style="bold")
    for event in events:
        out.print(f"  {timeline_line(event)}", soft_wrap=True)


def _print_attempt(out: Console, number: int, attempt: Attempt, account: str, language: Language) -> None:
    lasted = "not ended" if attempt.ended_at is None else f"{attempt.ended_at - attempt.started_at:.1f} s"
    run = f"  run {attempt.run}" if attempt.run else ""
    out.print(
        "\n" + plain(f"Attempt {number}  {local(attempt.started_at)}  {lasted}{run}"), style="bold", soft_wrap=True
    )
    if attempt.wish:
        out.print("  plan")
        for name, value in attempt.wish.items():
            if value is not None:
                out.print(plain(f"    {name}: {in_words(value)}".rstrip()), soft_wrap=True)
    result = attempt.result or {}
    lines = difference(result.get("name") or account, result.get("changes", []))
    if lines:
        out.print("  changes")
    elif result and attempt.failure is None:
        out.print("  nothing was to be changed")
    for line in lines:
        out.print(Text("    ") + coloured(line), soft_wrap=True)
    for warning in result.get("warnings", []):
        out.print(plain(f"  {warning}"), style="yellow", soft_wrap=True)
    if attempt.failure is not None:
        out.print(plain(f"  {text(attempt.failure, language)}"), style="red", soft_wrap=True)
