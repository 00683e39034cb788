# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud usage``: what each service used in a month."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from bill_nextcloud.cli.options import SettingsFile
from bill_nextcloud.cli.output import console, counted, replaced, require_file, table
from bill_nextcloud.cli.progress import progress
from bill_nextcloud.cli.reading import record_of
from bill_nextcloud.record import UsageHistory
from bill_nextcloud.settings import DEFAULT_PATH, Settings, read_settings

if TYPE_CHECKING:
    from bill_nextcloud.billmanager.service import Database
    from bill_nextcloud.record import ServiceUse
    from bill_nextcloud.usage.register import Row

NO_DATA, FAILED = 1, 2
# More are for programs.
_SHOWN = 1000


class Format(StrEnum):
    """For programs; without one a table is for people."""

    CSV = "csv"
    JSON = "json"


class Encoding(StrEnum):
    """Of CSV."""

    UTF_8 = "utf-8-sig"
    CP1251 = "cp1251"


@dataclass
class _Totals:
    """Of what was written: services, and the bytes that they used on average."""

    services: int = 0
    average: int = 0

    def count(self, rows: Iterator[Row], tell: Callable[[int], None]) -> Iterator[Row]:
        """``rows`` as they are, counted. ``tell`` is told, now and then, how many there were."""
        for row in rows:
            self.services += 1
            self.average += row.average
            if self.services % _SHOWN == 0:
                tell(self.services)
            yield row


def usage(
    period: Annotated[str, typer.Option("--period", metavar="YYYY-MM", help="The month.")],
    format: Annotated[Format | None, typer.Option("--format", help="For programs.")] = None,  # noqa: A002
    encoding: Annotated[
        Encoding | None, typer.Option("--encoding", help="Of CSV; by default UTF-8 with a byte order mark.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write there, in place of standard output.")
    ] = None,
    settings: SettingsFile = DEFAULT_PATH,
) -> None:
    """What each service used in a month: the annex to an act.

    Exit status 0: written, 1: nothing is on record of that month, 2: an error.
    """
    from bill_nextcloud.usage.period import days_of
    from bill_nextcloud.usage.register import gib, rows_of, write_csv, write_json

    try:
        first, last = days_of(period)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if encoding is not None and format is not Format.CSV:
        raise typer.BadParameter("--encoding goes with --format csv")
    if output is not None and format is None:
        raise typer.BadParameter("--output goes with --format")
    require_file(output)
    read = read_settings(settings)
    history = UsageHistory(record_of(read))
    uses = history.register(first, last) if history.kept() else iter(())
    begun = next(uses, None)
    if begun is None:
        print(f"bill-nextcloud: nothing is on record of {period}", file=sys.stderr)
        raise typer.Exit(NO_DATA)

    def all_uses() -> Iterator[ServiceUse]:
        yield begun
        yield from uses

    totals = _Totals()
    rows = rows_of(all_uses(), _billmanager(read))
    if format is None:
        _show(totals.count(rows, lambda services: None))
    else:
        with _written(output) as out, _bar(output) as tell:
            rows = totals.count(rows, tell)
            if format is Format.JSON:
                write_json(rows, out)
            elif replaced := write_csv(rows, out, encoding or Encoding.UTF_8):
                words = counted(replaced, "character is", "characters are")
                print(f"bill-nextcloud: warning: {words} not in cp1251, and written as ?", file=sys.stderr)
    total = f"{counted(totals.services, 'service', 'services')}, {gib(totals.average)} GiB on average"
    print(total, file=sys.stdout if format is None else sys.stderr)


def _billmanager(settings: Settings) -> Database | None:
    """BILLmanager's database, for names; without it there are numbers."""
    from bill_nextcloud.billmanager.connection import database_of
    from bill_nextcloud.billmanager.messages import text
    from bill_nextcloud.errors import BillmanagerRefused, BillmanagerUnavailable

    try:
        database = database_of(settings.billmanager)
        database.clouds()
    except (BillmanagerRefused, BillmanagerUnavailable) as error:
        print(f"bill-nextcloud: warning: without names. {text(error.failure, 'en')}", file=sys.stderr)
        return None
    return database


@contextmanager
def _bar(output: Path | None) -> Iterator[Callable[[int], None]]:
    """Shows how many services there were, unless they are seen themselves."""
    if output is None:
        yield lambda services: None
        return
    with progress() as bars:
        task = bars.add_task("services", total=None)
        yield lambda services: bars.update(task, completed=services)


@contextmanager
def _written(output: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or the file ``output``: it is there only when all of it is."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with replaced(output) as file:
        yield file


def _show(rows: Iterator[Row]) -> None:
    from bill_nextcloud.usage.register import gib

    lines: list[tuple[object, ...]] = []
    left = 0
    for row in rows:
        if len(lines) == _SHOWN:
            left += 1
            continue
        use = row.use
        sold = None if use.sold is None else gib(use.sold)
        client = f"{use.client or '-'} {row.client_name or ''}".strip()
        tariff = row.tariff_name or use.tariff
        sizes = (sold if sold is not None else "unlimited", gib(row.average), gib(use.maximum), gib(use.last))
        lines.append((use.service, client, use.reseller, tariff, *sizes, use.days, use.active, use.suspended))
    headings = ("SERVICE", "CLIENT", "RESELLER", "TARIFF", "SOLD GiB", "AVERAGE", "MAXIMUM", "LAST", "DAYS", "ACTIVE")
    console().print(table((*headings, "SUSPENDED"), lines))
    if left:
        print(f"… and {left} more: --format csv or json has them.")
