# SPDX-License-Identifier: GPL-3.0-or-later
"""One worker on one engine database, wherever it runs.

Two panel hosts that take turns share a PostgreSQL database. The lock file in the state directory says nothing about
the other host; a lock in the database does. It belongs to one connection: while that lives nobody else gets the lock,
and when it is lost this process ends, since another may have taken over.
"""

from __future__ import annotations

import hashlib
import os
import select
import socket
import threading
from typing import NoReturn

from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from bill_nextcloud.errors import EngineUnavailable, WorkerElsewhere
from bill_nextcloud.log import logger

log = logger("single_worker")

# Without the installation's name: DBOS takes up every operation that waits in the database, whoever stored it.
_KEY = int.from_bytes(hashlib.sha256(b"bill-nextcloud worker").digest()[:8], "big", signed=True)
_BEAT_SECONDS = 3
_ANSWER_SECONDS = 7

# When the hosts lose sight of each other, this one must end before the server gives the lock away: here after a beat
# and a late answer, there after 40 seconds without a word from here.
_SERVER_PATIENCE = {
    "tcp_keepalives_idle": "20s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": "40s",
}
_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_HOLDER = text(
    "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = :key"
)


def stay_single(database: str) -> None:
    """Be the only worker on the engine's database (an SQLAlchemy address) until this process ends.

    Returns when this is so; from then on a thread watches the connection and ends the process at once, with exit
    status 1, when it is lost or the server does not answer. For SQLite there is nothing to do: its file is in the state
    directory, which has a lock.

    Raises :class:`EngineUnavailable` when the database cannot be reached, and :class:`WorkerElsewhere` when another
    worker has it.
    """
    if database.startswith("sqlite"):
        return
    try:
        # As DBOS does, so that one address serves both.
        address = make_url(database).set(drivername="postgresql+psycopg")
    except (SQLAlchemyError, ValueError):
        # Their words may hold the address with its password.
        raise EngineUnavailable(detail="not an address of a database") from None
    if not address.database:
        raise EngineUnavailable(detail="the address names no database")
    try:
        connection = _locked(address)
    except SQLAlchemyError as error:
        raise EngineUnavailable(detail=_words(error)) from None
    threading.Thread(target=_watch, args=(connection,), name="single-worker", daemon=True).start()


def _locked(address: URL) -> Connection:
    # The name is what a worker that finds the lock taken shows.
    arguments = {"connect_timeout": 10, "application_name": f"bill-nextcloud on {socket.gethostname()}"}
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)
    connection = engine.connect()
    for name, value in _SERVER_PATIENCE.items():
        connection.execute(text("SELECT set_config(:name, :value, false)"), {"name": name, "value": value})
    if not connection.scalar(_TAKE, {"key": _KEY}):
        holder = connection.scalar(_HOLDER, {"key": _KEY})
        connection.close()
        raise WorkerElsewhere(database=f"{address.host or ''}/{address.database}", holder=holder or "unknown")
    return connection


def _watch(connection: Connection) -> NoReturn:
    try:
        driver = connection.connection.driver_connection
        assert driver is not None
        poller = select.poll()
        poller.register(driver.fileno(), select.POLLIN)
        while True:
            # Something to read without a question is the server that ends the connection: no need to wait for a beat.
            poller.poll(_BEAT_SECONDS * 1000)
            patience = threading.Timer(_ANSWER_SECONDS, _end, ["no answer"])
            patience.daemon = True
            patience.start()
            connection.scalar(text("SELECT 1"))
            patience.cancel()
    except Exception as error:  # the edge: whatever it was, the lock is not known to be held any more
        _end(_words(error))


def _end(detail: str) -> NoReturn:
    log.critical("the lock on the engine's database is lost: ending", detail=detail)
    # Nothing in order here: another worker may be at work by now. What was stored is gone on with by whoever has the
    # lock, and the playbook runs die with this process.
    os._exit(1)


def _words(error: Exception) -> str:
    # Only the driver's own: the rest may hold the address with its password.
    return str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
