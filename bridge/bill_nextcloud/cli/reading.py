# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the record to read only, and finds clouds in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import quote

import typer
from sqlalchemy import inspect, make_url
from sqlalchemy.exc import ArgumentError

from bill_nextcloud.errors import CloudUnknown, RecordMissing, RecordOutdated, SettingsInvalid
from bill_nextcloud.record import CloudRow, Clouds, Store
from bill_nextcloud.record.tables import metadata, operation
from bill_nextcloud.settings import Settings


def record_of(settings: Settings) -> Store:
    """The record, for reading: nothing is made, and an SQLite file cannot be written.

    Raises :class:`RecordMissing` when no worker has made it yet, :class:`RecordOutdated` when one of an earlier version
    has, :class:`SettingsInvalid`, ``EngineUnavailable``, or
    ``PermissionError``.
    """
    try:
        url = make_url(settings.record_database)
    except ArgumentError:
        # The address may hold a password: it is not shown, nor the error behind.
        raise SettingsInvalid(file="engine.database", detail="not an SQLAlchemy address") from None
    place = url.database or ""
    if url.get_backend_name() == "sqlite":
        # stat() says whether this user may look at all; SQLite would only say that it cannot open the file.
        try:
            size = Path(place).stat().st_size
        except FileNotFoundError:
            size = 0
        if not size:
            raise RecordMissing(database=place)
        url = url.set(database=f"file:{quote(place)}").update_query_dict({"mode": "ro", "uri": "true"})
    store = Store(url.render_as_string(hide_password=False))
    with store.reading() as connection:
        there = set(inspect(connection).get_table_names())
    if operation.name not in there:
        raise RecordMissing(database=place)
    if not there.issuperset(metadata.tables):
        raise RecordOutdated(database=place)
    return store


class _Named(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...


_Cloud = TypeVar("_Cloud", bound=_Named)


def cloud_of(store: Store, wanted: str) -> CloudRow:
    """The cloud on record that ``wanted`` names (see :func:`matching`)."""
    return matching(Clouds(store).all(), [wanted])[0]


def matching(known: Sequence[_Cloud], wanted: Iterable[str]) -> list[_Cloud]:
    """The clouds among ``known`` that ``wanted`` name, by number or by name; each once.

    Raises :class:`CloudUnknown`, or ``typer.BadParameter`` when several have that name.
    """
    found = []
    for name in wanted:
        named = [cloud for cloud in known if str(cloud.id) == name] or [cloud for cloud in known if cloud.name == name]
        if not named:
            raise CloudUnknown(cloud=name)
        if len(named) > 1:
            numbers = ", ".join(str(cloud.id) for cloud in named)
            raise typer.BadParameter(f"several clouds are named {name}: give one of the numbers {numbers}")
        found += [cloud for cloud in named if cloud not in found]
    return found
