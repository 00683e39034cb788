# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations and their attempts as they are on record: written by the bridge, read by whoever asks what happened."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, text, true, update

from bill_nextcloud.errors import ClientHasOperations, Failure, OperationNotFound
from bill_nextcloud.record.acceptance import accept
from bill_nextcloud.record.rows import Attempt, Operation, attempt_of, operation_of
from bill_nextcloud.record.runs import runs_of_client
from bill_nextcloud.record.store import Store
from bill_nextcloud.record.tables import ENDED, UNFINISHED, State
from bill_nextcloud.record.tables import attempt as attempts
from bill_nextcloud.record.tables import event as events
from bill_nextcloud.record.tables import operation as operations
from bill_nextcloud.record.tables import run as runs
from bill_nextcloud.record.timeline import tell

# A deletion at the end of a retention: ours, BILLmanager knows no such command.
DELETE = "delete"
_LONGEST = 255


class Operations:
    """Writes and reads operations. Each method raises ``EngineUnavailable`` when the record's database fails."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def accept(
        self,
        *,
        key: str,
        created: str | None,
        installation: str,
        billmanager_operation: int | None,
        command: str,
        service: int,
        cloud: int | None,
        client: int | None,
        account: str | None,
        asked_by: str,
        due_at: float | None = None,
        held: Failure | None = None,
    ) -> tuple[Operation, bool]:
        """The operation that is asked for, and whether it is new.

        One that is unfinished is attached to: of the same ``key``, with the same ``created`` or where either is
        unknown. Otherwise a new round is stored. ``due_at``: not before (a deletion). ``held``: why its cloud is.
        """

        wanted = Operation(
            id=0,
            key=key,
            created=created,
            round=0,
            installation=installation,
            billmanager_operation=billmanager_operation,
            command=command,
            service=service,
            cloud=cloud,
            # No cloud has longer names, and PostgreSQL takes none.
            account=account[:_LONGEST] if account else None,
            client=client,
            asked_by=asked_by,
            state=State.HELD if held else State.QUEUED if due_at is None else State.DELAYED,
            dispatch=1,
            attempts=0,
            accepted_at=time.time(),
            first_failed_at=None,
            due_at=due_at,
            ended_at=None,
            failure=held,
            approved_by=None,
        )
        return self._store.write_together(accept, wanted)

    def get(self, number: int) -> Operation:
        """One operation. Raises :class:`OperationNotFound`."""
        with self._store.reading() as connection:
            row = connection.execute(select(operations).where(operations.c.id == number)).one_or_none()
        if row is None:
            raise OperationNotFound(operation=number)
        return operation_of(row)

    def update(
        self,
        number: int,
        what: str,
        /,
        *,
        states: Iterable[State] = UNFINISHED,
        detail: dict[str, Any] | None = None,
        **values: Any,
    ) -> bool:
        """Set columns, only while the operation is in one of ``states``; whether it was.

        ``what`` (with ``detail``) goes to its timeline.
        """
        if isinstance(values.get("failure"), Failure):
            values["failure"] = json.dumps(values["failure"].as_dict(), ensure_ascii=False)
        change = (
            update(operations).where(operations.c.id == number, operations.c.state.in_(list(states))).values(**values)
        )

        def changed(connection: Connection) -> bool:
            done = bool(connection.execute(change).rowcount)
            if done:
                tell(connection, number, what, **(detail or {}))
            return done

        return self._store.write(changed)

    def note(self, number: int, what: str, **detail: Any) -> None:
        """Put ``what`` on the timeline of an operation."""
        self._store.write(lambda connection: tell(connection, number, what, **detail))

    def move(self, states: Sequence[State], cloud: int, what: str, by: str, **values: Any) -> list[Operation]:
        """Set columns of a cloud's operations in one of ``states``, at most 500 at once; those that were changed.

        ``what`` (with ``by``) goes to their timelines. To be called until nothing comes back.
        """
        query = select(operations.c.id).where(operations.c.cloud == cloud, operations.c.state.in_(list(states)))

        def moved(connection: Connection) -> list[Operation]:
            numbers: list[int] = list(connection.execute(query.order_by(operations.c.id).limit(500)).scalars())
            mine = operations.c.id.in_(numbers)
            connection.execute(update(operations).where(mine).values(**values))
            for number in numbers:
                tell(connection, number, what, by=by)
            return [operation_of(row) for row in connection.execute(select(operations).where(mine))]

        return self._store.write(moved)

    def later_than(self, number: int) -> None:
        """Let no new operation have a number up to ``number``."""

        def changed(connection: Connection) -> None:
            if connection.dialect.name == "postgresql":
                used = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM operation_id_seq"
                statements = [f"SELECT setval('operation_id_seq', :number) WHERE ({used}) < :number"]
            else:
                known = "SELECT 1 FROM sqlite_sequence WHERE name = 'operation'"
                statements = [
                    f"INSERT INTO sqlite_sequence (name, seq) SELECT 'operation', 0 WHERE NOT EXISTS ({known})",
                    "UPDATE sqlite_sequence SET seq = :number WHERE name = 'operation' AND seq < :number",
                ]
            for statement in statements:
                connection.execute(text(statement), {"number": number} if ":number" in statement else {})

        self._store.write(changed)

    def highest(self) -> int:
        """The highest number of an operation, 0 for none."""
        with self._store.reading() as connection:
            return connection.execute(select(func.max(operations.c.id))).scalar_one() or 0

    def knows(self, key: str, created: str) -> bool:
        """Whether an operation was ever accepted under ``key`` and ``created``, however it ended."""
        query = select(operations.c.id).where(operations.c.key == key, operations.c.created == created).limit(1)
        with self._store.reading() as connection:
            return connection.execute(query).one_or_none() is not None

    def earlier(self, operation: Operation) -> Operation | None:
        """The latest unfinished operation of the same service that was accepted before. Deletions at the end of a
        retention do not count: whatever comes later goes before them."""
        with self._store.reading() as connection:
            row = connection.execute(
                select(operations)
                .where(_unfinished_of(operation), operations.c.id < operation.id)
                .order_by(operations.c.id.desc())
                .limit(1)
            ).one_or_none()
        return None if row is None else operation_of(row)

    def later(self, operation: Operation) -> Operation | None:
        """The next unfinished operation of the same service that was accepted after."""
        with self._store.reading() as connection:
            row = connection.execute(
                select(operations)
                .where(_unfinished_of(operation), operations.c.id > operation.id)
                .order_by(operations.c.id)
                .limit(1)
            ).one_or_none()
        return None if row is None else operation_of(row)

    def unfinished(self, *, states: Sequence[State] = UNFINISHED, cloud: int | None = None) -> list[Operation]:
        """Operations in one of ``states``, in the order in which they were accepted."""
        query = select(operations).where(operations.c.state.in_(list(states))).order_by(operations.c.id)
        if cloud is not None:
            query = query.where(operations.c.cloud == cloud)
        with self._store.reading() as connection:
            return [operation_of(row) for row in connection.execute(query)]

    def asked_anew(self, operation: Operation) -> bool:
        """Whether an unfinished operation of the same command and service was accepted after it."""
        query = select(operations.c.id).where(
            _unfinished_of(operation), operations.c.command == operation.command, operations.c.id > operation.id
        )
        with self._store.reading() as connection:
            return connection.execute(query.limit(1)).one_or_none() is not None

    def begin_attempt(self, operation: Operation, dispatch: int) -> bool:
        """An attempt starts (again, when the process that made it was killed: its runs are on record, see ``runs``);
        unless the operation was cancelled, or handed over anew, in the meantime."""
        values = {"state": State.RUNNING, "due_at": None, "attempts": operations.c.attempts + 1}

        def begun(connection: Connection) -> bool:
            changed = connection.execute(
                update(operations)
                .where(operations.c.id == operation.id, operations.c.dispatch == dispatch)
                .where(operations.c.state.in_(list(UNFINISHED)))
                .values(**values)
            ).rowcount
            if not changed:
                return False
            interrupted = connection.execute(
                delete(attempts).where(attempts.c.operation == operation.id, attempts.c.dispatch == dispatch)
            ).rowcount
            if interrupted:
                tell(connection, operation.id, "interrupted")
            connection.execute(
                insert(attempts).values(operation=operation.id, dispatch=dispatch, started_at=time.time())
            )
            return True

        return self._store.write(begun)

    def end_attempt(
        self,
        operation: Operation,
        dispatch: int,
        *,
        failure: Failure | None,
        run: str | None,
        wish: dict[str, Any] | None,
        result: dict[str, Any],
        outcome: dict[str, Any],
        account: str | None,
        cloud: int | None,
    ) -> None:
        """What became of an attempt at the cloud."""
        known = {name: value for name, value in (("account", account), ("cloud", cloud)) if value is not None}

        def ended(connection: Connection) -> None:
            connection.execute(
                update(attempts)
                .where(attempts.c.operation == operation.id, attempts.c.dispatch == dispatch)
                .values(
                    ended_at=time.time(),
                    run=run,
                    wish=json.dumps(wish, ensure_ascii=False),
                    result=json.dumps(result, ensure_ascii=False),
                    failure=json.dumps(failure.as_dict(), ensure_ascii=False) if failure else None,
                    outcome=json.dumps(outcome, ensure_ascii=False),
                )
            )
            if known:
                connection.execute(update(operations).where(operations.c.id == operation.id).values(**known))

        self._store.write(ended)

    def attempt(self, number: int, dispatch: int) -> Attempt | None:
        """One attempt, ``None`` when it has not begun."""
        return next((one for one in self.attempts(number) if one.dispatch == dispatch), None)

    def attempts(self, number: int) -> list[Attempt]:
        """All attempts of an operation, in order."""
        query = select(attempts).where(attempts.c.operation == number).order_by(attempts.c.dispatch)
        with self._store.reading() as connection:
            return [attempt_of(row) for row in connection.execute(query)]

    def events(self, number: int) -> list[dict[str, Any]]:
        """The timeline of an operation: ``{"at", "what", "detail"}``, in order."""
        query = select(events).where(events.c.operation == number).order_by(events.c.id)
        with self._store.reading() as connection:
            return [
                {"at": row.at, "what": row.what, "detail": json.loads(row.detail) if row.detail else {}}
                for row in connection.execute(query)
            ]

    def search(
        self,
        *,
        service: int | None = None,
        account: str | None = None,
        cloud: int | None = None,
        states: Sequence[State] = (),
        command: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int = 100,
    ) -> list[Operation]:
        """Operations, newest first. ``since`` and ``until``: when they were accepted."""
        conditions = [
            condition
            for wanted, condition in (
                (service, operations.c.service == service),
                (account, func.lower(operations.c.account) == (account or "").lower()),
                (cloud, operations.c.cloud == cloud),
                (states or None, operations.c.state.in_(list(states))),
                (command, operations.c.command == command),
                (since, operations.c.accepted_at >= (since or 0)),
                (until, operations.c.accepted_at < (until or 0)),
            )
            if wanted is not None
        ]
        query = select(operations).where(and_(true(), *conditions)).order_by(operations.c.id.desc()).limit(limit)
        with self._store.reading() as connection:
            return [operation_of(row) for row in connection.execute(query)]

    def overtaken(self, operation: Operation) -> bool:
        """Whether another operation of the same service was accepted after it."""
        same = (operations.c.installation == operation.installation, operations.c.service == operation.service)
        query = select(operations.c.id).where(*same, operations.c.id > operation.id).limit(1)
        with self._store.reading() as connection:
            return connection.execute(query).one_or_none() is not None

    def forget(self, client: int) -> tuple[int, list[str]]:
        """Take personal data of a client out of the record: account names, wishes, results. Numbers, times and what was
        done stay, and each timeline tells it. Returns how many operations there were, and the runs whose artifacts are
        to go."""
        mine = select(operations.c.id).where(operations.c.client == client)
        with self._store.writing() as connection:
            # One that has begun since somebody looked would store them again.
            unfinished = mine.where(operations.c.state.in_(list(UNFINISHED))).order_by(operations.c.id)
            waiting: list[int] = list(connection.execute(unfinished).scalars())
            if waiting:
                raise ClientHasOperations(client=client, operations=", ".join(map(str, waiting)))
            known = runs_of_client(connection, client)
            connection.execute(
                update(attempts)
                .where(attempts.c.operation.in_(mine))
                .values(wish=None, result=None, failure=None, outcome=None)
            )
            connection.execute(update(events).where(events.c.operation.in_(mine)).values(detail=None))
            numbers: list[int] = list(connection.execute(mine).scalars())
            for number in numbers:
                # So that whoever looks at it later knows why there is no more.
                tell(connection, number, "personal data removed")
            count = connection.execute(
                update(operations).where(operations.c.client == client).values(account=None, failure=None, client=None)
            ).rowcount
        return count, known

    def remove_before(self, moment: float) -> int:
        """Take operations off the record that ended before ``moment``; how many."""
        old = select(operations.c.id).where(operations.c.ended_at < moment, operations.c.state.in_(list(ENDED)))
        with self._store.writing() as connection:
            connection.execute(delete(events).where(events.c.operation.in_(old)))
            connection.execute(delete(attempts).where(attempts.c.operation.in_(old)))
            connection.execute(delete(runs).where(runs.c.operation.in_(old)))
            condition = and_(operations.c.ended_at < moment, operations.c.state.in_(list(ENDED)))
            return connection.execute(delete(operations).where(condition)).rowcount


def _unfinished_of(operation: Operation) -> Any:
    return and_(
        operations.c.installation == operation.installation,
        operations.c.service == operation.service,
        operations.c.state.in_(list(UNFINISHED)),
        operations.c.command != DELETE,
    )
