# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of a month: a row for each service, with names where BILLmanager tells them; as CSV for 1C, or JSON.

CSV: semicolons, CR LF, a decimal comma; no line of totals, which would be imported as a service.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import IO, Any

from bill_nextcloud.billmanager.parties import account_names, tariff_names
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.record import ServiceUse

_GIB = Decimal(1024**3)
_PAGE = 500
# What a spreadsheet takes for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
SIZES = ("sold", "average", "maximum", "last")


@dataclass(frozen=True)
class Row:
    """One service. ``use`` is what is on record; names are ``None`` where BILLmanager does not tell them."""

    use: ServiceUse
    client_name: str | None
    reseller_name: str | None
    tariff_name: str | None

    @property
    def average(self) -> int:
        """Bytes, of the days that were read; a half is rounded up."""
        return int((Decimal(self.use.total) / self.use.days).quantize(Decimal(1), ROUND_HALF_UP))

    def values(self) -> dict[str, Any]:
        """All of it by name; sizes in bytes, ``None`` for unlimited."""
        use = self.use
        return {
            "service": use.service,
            "client": use.client,
            "client_name": self.client_name,
            "reseller": use.reseller,
            "reseller_name": self.reseller_name,
            "tariff": use.tariff,
            "tariff_name": self.tariff_name,
            "sold": use.sold,
            "average": self.average,
            "maximum": use.maximum,
            "last": use.last,
            "last_day": use.last_day,
            "days": use.days,
            "days_active": use.active,
            "days_suspended": use.suspended,
            "cloud": use.cloud,
        }


def rows_of(uses: Iterable[ServiceUse], database: Database | None) -> Iterator[Row]:
    """``uses`` with their names, a page at a time. ``database``: BILLmanager's, ``None`` where it does not answer.

    Raises ``BillmanagerUnavailable`` when it stops to answer on the way.
    """
    waiting = iter(uses)
    while page := list(islice(waiting, _PAGE)):
        accounts: dict[int, str] = {}
        tariffs: dict[int, str] = {}
        if database is not None:
            numbers = {number for use in page for number in (use.client, use.reseller) if number}
            accounts = account_names(database, numbers)
            tariffs = tariff_names(database, {use.tariff for use in page})
        for use in page:
            yield Row(
                use,
                accounts.get(use.client) if use.client else None,
                accounts.get(use.reseller) if use.reseller else None,
                tariffs.get(use.tariff),
            )


def gib(size: int) -> Decimal:
    """Bytes in GiB to three decimal places; a half is rounded up."""
    return (Decimal(size) / _GIB).quantize(Decimal("0.001"), ROUND_HALF_UP)


def write_csv(rows: Iterable[Row], out: IO[bytes], encoding: str) -> int:
    """Write ``rows`` as CSV into ``out``, in ``encoding`` (``utf-8-sig``, ``cp1251``). Returns how many characters the
    encoding lacks; each is a question mark now."""
    replaced = 0
    first = True
    for row in rows:
        values = row.values()
        if first:
            out.write(_line(_headings(values)).encode(encoding))
            first = False
        line = _line([cell for name, value in values.items() for cell in _cells(name, value)])
        content = line.encode("utf-8" if encoding == "utf-8-sig" else encoding, "replace")
        if encoding != "utf-8-sig":
            replaced += sum(1 for character in line if not _fits(character, encoding))
        out.write(content)
    return replaced


def write_json(rows: Iterable[Row], out: IO[bytes]) -> None:
    """Write ``rows`` as a JSON list into ``out``, in UTF-8; sizes in bytes."""
    separator = "[\n"
    for row in rows:
        out.write((separator + json.dumps(row.values(), ensure_ascii=False)).encode())
        separator = ",\n"
    out.write(b"[]\n" if separator == "[\n" else b"\n]\n")


def _headings(values: dict[str, Any]) -> list[str]:
    return [cell for name in values for cell in ([f"{name}_gib", f"{name}_bytes"] if name in SIZES else [name])]


def _cells(name: str, value: Any) -> list[str]:
    if name in SIZES:
        return ["", ""] if value is None else [str(gib(value)).replace(".", ","), str(value)]
    return [text_cell(value) if isinstance(value, str) else "" if value is None else str(value)]


def text_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: with an apostrophe before it, where it would."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _line(cells: list[str]) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerow(cells)
    return written.getvalue()


def _fits(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
