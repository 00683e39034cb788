# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepts operations: an acknowledgement waits for this, so what comes at the same time is stored together."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, bindparam, insert, select

from bill_nextcloud.record import timeline
from bill_nextcloud.record.rows import Operation, operation_of, row_of
from bill_nextcloud.record.tables import operation as operations

# Made once: to build a statement costs as much as to execute it.
_INSERT = insert(operations).returning(operations.c.id, sort_by_parameter_order=True)
_BY_KEYS = select(operations).where(operations.c.key.in_(bindparam("keys", expanding=True))).order_by(operations.c.id)


def accept(connection: Connection, wanted: list[Operation]) -> list[tuple[Operation, bool]]:
    """For each of ``wanted`` (number and round do not count) the operation on record, and whether it is new: see
    ``Operations.accept``. Three statements, however many they are."""
    known: dict[str, list[Operation]] = {one.key: [] for one in wanted}
    for row in connection.execute(_BY_KEYS, {"keys": list(known)}):
        known[row.key].append(operation_of(row))
    new: list[Operation] = []
    found: list[tuple[Operation, bool]] = []
    for one in wanted:
        same = known[one.key]
        unfinished = [old for old in same if not old.ended and (not one.created or old.created in (None, one.created))]
        if unfinished:
            found.append((unfinished[-1], False))
            continue
        # Numbers are there only when all are stored; until then it is its place.
        made = replace(one, id=-len(new), round=max((old.round for old in same), default=0) + 1)
        for those in (same, new):
            those.append(made)
        found.append((made, True))
    numbers = connection.scalars(_INSERT, [row_of(one) for one in new]).all() if new else []
    accepted = [(one if one.id > 0 else replace(one, id=numbers[-one.id]), is_new) for one, is_new in found]
    connection.execute(
        timeline.INSERT,
        [
            timeline.event_row(one.id, "accepted", by=asked.asked_by, held=one.failure.code if one.failure else None)
            if is_new
            else timeline.event_row(one.id, "asked again", by=asked.asked_by)
            for asked, (one, is_new) in zip(wanted, accepted, strict=True)
        ],
    )
    return accepted
