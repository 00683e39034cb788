# SPDX-License-Identifier: GPL-3.0-or-later
"""The record's tables. Times are seconds since 1970 (UTC); structured values are JSON in text."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
# The highest number of a service or operation: what an integer of PostgreSQL and of BILLmanager's tables holds.
MOST = 2**31 - 1


class State(StrEnum):
    """Where an operation is."""

    QUEUED = "queued"
    """Waits for its turn: behind an earlier operation of the service, or for a free place."""
    RUNNING = "running"
    RETRYING = "retrying"
    """Failed for now; tried again at ``due_at``."""
    HELD = "held"
    """Waits for its cloud."""
    APPROVAL = "approval"
    """Waits for ``bill-nextcloud approve``."""
    DELAYED = "delayed"
    """A deletion whose retention ends at ``due_at``."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (State.DONE, State.FAILED, State.CANCELLED)
UNFINISHED = tuple(state for state in State if state not in ENDED)

# SQLite counts rows up by itself only for exactly this type.
_Number = Integer

operation = Table(
    "operation",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    # installation, BILLmanager's operation, command, service: with `created` what BILLmanager asked for.
    Column("key", String(255), nullable=False),
    # Creation dates of service and operation: numbers come back when BILLmanager is restored. Null: not known yet.
    Column("created", String(255)),
    Column("round", Integer, nullable=False),
    Column("installation", String(64), nullable=False),
    Column("billmanager_operation", Integer),
    Column("command", String(32), nullable=False),
    Column("service", Integer, nullable=False),
    Column("cloud", Integer),
    Column("account", String(255)),
    Column("client", Integer),
    Column("asked_by", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    # Counts what was handed to the engine: only the newest may act.
    Column("dispatch", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("accepted_at", Float, nullable=False),
    Column("first_failed_at", Float),
    Column("due_at", Float),
    Column("ended_at", Float),
    Column("failure", Text),
    Column("approved_by", String(255)),
    UniqueConstraint("key", "round", "created", name="operation_key"),
    Index("operation_service", "service"),
    Index("operation_account", "account"),
    Index("operation_client", "client"),
    Index("operation_state", "state", "cloud"),
    Index("operation_accepted", "accepted_at"),
    sqlite_autoincrement=True,
)

attempt = Table(
    "attempt",
    metadata,
    Column("operation", Integer, primary_key=True, autoincrement=False),
    Column("dispatch", Integer, primary_key=True, autoincrement=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("run", String(64)),
    # What the playbook was asked for, without a password.
    Column("wish", Text),
    # The module's result: action, changes, what was read back.
    Column("result", Text),
    Column("failure", Text),
    # What the report needs: item_type, url, confirmed.
    Column("outcome", Text),
    Index("attempt_run", "run"),
)

run = Table(
    "run",
    metadata,
    # Of a playbook run, which serves up to 50 operations.
    Column("ident", String(64), primary_key=True),
    Column("operation", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    # It changed nothing.
    Column("looks", Boolean, nullable=False),
    Index("run_operation", "operation"),
)

# Failures for good that BILLmanager did not take yet.
untold = Table(
    "untold",
    metadata,
    Column("operation", Integer, primary_key=True, autoincrement=False),
)

# What each service used on each day, for the register: numbers only, no names.
usage = Table(
    "usage",
    metadata,
    Column("service", Integer, primary_key=True, autoincrement=False),
    # YYYY-MM-DD
    Column("day", String(10), primary_key=True),
    Column("cloud", Integer, nullable=False),
    Column("client", Integer),
    Column("reseller", Integer),
    Column("tariff", Integer, nullable=False),
    # BILLmanager's: 2 active, 3 suspended, 5 in processing.
    Column("status", Integer, nullable=False),
    Column("used", BigInteger, nullable=False),
    # Bytes: included and ordered together; null: unlimited, or not in a unit of size.
    Column("sold", BigInteger),
    Index("usage_day", "day"),
)

event = Table(
    "event",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("operation", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("what", String(32), nullable=False),
    Column("detail", Text),
    Index("event_operation", "operation", "id"),
    sqlite_autoincrement=True,
)

cloud = Table(
    "cloud",
    metadata,
    # The number of the processing module.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(255), nullable=False),
    # How often in a row it could not be reached.
    Column("unreachable", Integer, nullable=False),
    # Why it is held; null: it is not.
    Column("failure", Text),
    Column("held_since", Float),
    Column("held_by", String(255)),
    Column("probes", Integer, nullable=False),
    Column("probe_at", Float),
    # Digest of address, user and *encrypted* password: tells that they were changed, nothing more.
    Column("credentials", String(64)),
    Column("announced_at", Float),
    Column("approval_announced_at", Float),
)
