# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud import``: which accounts of a cloud can become services; and, when told to, makes them."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from bill_nextcloud.account import size
from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.cli.client import administer
from bill_nextcloud.cli.options import Json, SettingsFile
from bill_nextcloud.cli.output import console, counted, failure_json, plain, print_json, table
from bill_nextcloud.cli.progress import progress
from bill_nextcloud.cli.reading import matching
from bill_nextcloud.errors import Failure
from bill_nextcloud.settings import DEFAULT_PATH, Settings, read_settings

DONE, LEFT_OUT, FAILED = 0, 1, 2
# All accounts of a cloud are read in one go; it may be big and slow.
_SECONDS = 12 * 3600.0
_AT_ONCE = 50
# On a cloud that has been sold for years nobody wants to see all that are services already.
_MOST_CLAIMED = 20

Row = dict[str, Any]


def import_(
    cloud: Annotated[str, typer.Option("--cloud", metavar="CLOUD", help="The cloud's number or name.")],
    item_type: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE", help="BILLmanager's product type of the services (default: the first of the settings)."
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Only these accounts: names with commas between them, * for any letters, ? for one."
        ),
    ] = None,
    adopt: Annotated[bool, typer.Option("--adopt", help="Make services of those that can become one.")] = False,
    settings: SettingsFile = DEFAULT_PATH,
    json: Json = False,
) -> None:
    """Show which accounts of a cloud can become services; with --adopt, make them. Nothing on the cloud is changed.

    Exit status 0: done, 1: an account that was named does not exist, or one that fits did not become a service, 2: an
    error.
    """
    if search is not None and not search.strip():
        # A script's empty variable would mean all accounts.
        raise typer.BadParameter("name accounts, or leave the option out for all", param_hint="'--search'")
    read = read_settings(settings)
    asked = {"cloud": _number(read, cloud), "item_type": item_type or read.billmanager.item_types[0]}
    found = administer(read.bridge.socket_path, "import", {**asked, "search": search}, seconds=_SECONDS)
    rows: list[Row] = found["accounts"]
    failure = found["failure"]
    if adopt and failure is None:
        failure = _adopt(read, asked, rows)
    left_out = any(_left_out(row) for row in rows)
    if json:
        print_json(_document(found, rows, failure))
    else:
        _print(found, rows, failure, adopt=adopt)
    raise typer.Exit(FAILED if failure else LEFT_OUT if left_out else DONE)


def _number(settings: Settings, wanted: str) -> int:
    # They load what the other commands do without.
    from bill_nextcloud.billmanager.connection import database_of
    from bill_nextcloud.sold import usable_clouds

    known, _ = usable_clouds(database_of(settings.billmanager))
    return matching(known, [wanted])[0].id


def _adopt(settings: Settings, asked: Row, rows: list[Row]) -> Row | None:
    """Have services made of those of ``rows`` that fit, some at a time; ``rows`` tell afterwards what became of each.
    The failure because of which the rest was not tried, if any."""
    places = {row["account"]: number for number, row in enumerate(rows) if row["result"] == "fits"}
    names = list(places)
    with progress() as bars:
        task = bars.add_task("accounts", total=len(names))
        for start in range(0, len(names), _AT_ONCE):
            part = names[start : start + _AT_ONCE]
            parameters = {**asked, "names": part, "adopt": True}
            answer = administer(settings.bridge.socket_path, "import", parameters, seconds=_SECONDS)
            for row in answer["accounts"]:
                rows[places[row["account"]]] = row
            bars.update(task, completed=start + len(part))
            tried = any(row["result"] in ("imported", "failed") for row in answer["accounts"])
            if answer["failure"] and (not tried or any(row["result"] == "fits" for row in answer["accounts"])):
                failure: Row = answer["failure"]
                return failure
    return None


def _left_out(row: Row) -> bool:
    """Whether an account is not a service that could be, or that was named and does not exist."""
    return row["result"] == "failed" or _code(row) == "import_account_missing"


def _code(row: Row) -> str | None:
    return (row["failure"] or {}).get("code")


def _document(found: Row, rows: list[Row], failure: Row | None) -> Row:
    def words(one: Row | None) -> Row | None:
        return failure_json(Failure.from_dict(one)) if one else None

    accounts = [{**row, "failure": words(row["failure"])} for row in rows]
    return {"cloud": found["cloud"], "accounts": accounts, "left_off": found["left_off"], "failure": words(failure)}


def _print(found: Row, rows: list[Row], failure: Row | None, *, adopt: bool) -> None:
    out = console()
    if rows:
        headings = ("ACCOUNT", "E-MAIL", "QUOTA", "GROUPS", "TARIFF", "CLIENT", "WHAT HAPPENS")
        claimed = [row for row in rows if _code(row) == "import_claimed"]
        hidden = claimed if len(claimed) > _MOST_CLAIMED else []
        out.print(table(headings, (_cells(row) for row in rows if row not in hidden)))
        out.print()
        if hidden:
            print(f"… and {len(hidden)} that are services already: --json has them.")
    if found["left_off"]:
        print(f"… and {found['left_off']} more: narrow it down with --search.")
    if failure:
        out.print(plain(text(Failure.from_dict(failure), "en")), soft_wrap=True)
    fitting = sum(row["result"] == "fits" for row in rows)
    imported = sum(row["result"] == "imported" for row in rows)
    others = counted(len(rows) - fitting - imported, "is", "are")
    if adopt:
        done = counted(imported, "account has become a service", "accounts have become services")
        print(f"{done}, {others} left out{f', {fitting} not tried' if fitting else ''}.")
        if imported:
            print("Give each to its client in BILLmanager: Processing modules, Import.")
    else:
        can = counted(fitting, "account can become a service", "accounts can become services")
        print(f"{can} (--adopt), {others} left out.")


def _cells(row: Row) -> tuple[object, ...]:
    client, tariff = row["client"], row["tariff"]
    quota = None if row["enabled"] is None else size(row["quota"])
    return (
        row["account"],
        row["email"],
        quota,
        ", ".join(row["groups"]),
        f"{tariff['name']} ({tariff['id']})" if tariff else None,
        f"{client['name']} ({client['id']})" if client else None,
        _happens(row),
    )


def _happens(row: Row) -> Text:
    kind = "active" if row["enabled"] else "suspended"
    if row["result"] == "imported":
        return Text(f"is service {row['service']} now, {kind}", "green")
    if row["result"] == "fits":
        return Text(f"can become a service, {kind}", "cyan")
    words = plain(text(Failure.from_dict(row["failure"]), "en"))
    return Text(words, "red" if row["result"] == "failed" else "")
