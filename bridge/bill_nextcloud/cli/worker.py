# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud worker``: the service that systemd starts."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import sys
from functools import partial
from pathlib import Path
from types import FrameType

from bill_nextcloud.administration import Administration
from bill_nextcloud.batch import Batches
from bill_nextcloud.billmanager.connection import database_of, mgrctl_of
from bill_nextcloud.check import CheckConnection
from bill_nextcloud.convergence import Convergence
from bill_nextcloud.errors import EngineUnavailable, LockUnavailable, SettingsInvalid, WorkerRunning
from bill_nextcloud.forms import forms
from bill_nextcloud.holds import Holds
from bill_nextcloud.housekeeping import Housekeeping
from bill_nextcloud.importing.services import Import
from bill_nextcloud.intake import Intake
from bill_nextcloud.lock import locked
from bill_nextcloud.log import logger, set_up
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.operation import BRIDGE, Operations
from bill_nextcloud.playbook import Runs
from bill_nextcloud.record import Clouds, RunsOnRecord, Untold, UsageHistory, open_record
from bill_nextcloud.record import Operations as Record
from bill_nextcloud.request import SYNC, Request
from bill_nextcloud.settings import Settings, read_settings
from bill_nextcloud.single_worker import stay_single
from bill_nextcloud.sync_server import sync_server
from bill_nextcloud.telling import Teller
from bill_nextcloud.usage.reading import Reading
from bill_nextcloud.usage.statistics import Statistics

log = logger("cli")

# An acknowledgement gives the interpreter up a dozen times, and gets it back behind each thread that works: hundreds
# may, after a batch. With Python's 5 ms for each, callers would wait for seconds.
_SWITCH_SECONDS = 0.0005


def worker(settings: Path, log_file: Path | None = None) -> None:
    """Take operations from BILLmanager's module and carry them out, until it is told to stop (SIGTERM).

    ``settings``: the settings file. ``log_file`` gets the log lines, too. Raises an ``OperationError`` when the worker
    cannot start.
    """
    # Everything that is written (log, engine database, locks, artifacts, socket) is for this user only.
    os.umask(0o077)
    set_up(file=log_file)
    sys.setswitchinterval(_SWITCH_SECONDS)
    # DBOS takes times from SQLite in a way that older ones lack, when Python is newer.
    if sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42):
        raise EngineUnavailable(detail=f"Python 3.12 and newer needs SQLite 3.42, this is {sqlite3.sqlite_version}")
    read = read_settings(settings)
    # DBOS and the record get back what they write (RETURNING). With an older one every operation would fail.
    if sqlite3.sqlite_version_info < (3, 35) and read.engine_database.startswith("sqlite"):
        raise EngineUnavailable(detail=f"SQLite 3.35 or PostgreSQL is needed, this is SQLite {sqlite3.sqlite_version}")
    read.bridge.state_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with locked(read.bridge.state_directory / "worker.lock", 0):
            _work(read)
    except LockUnavailable as error:
        raise WorkerRunning(directory=read.bridge.state_directory) from error


def _work(settings: Settings) -> None:
    _require_files(settings)
    stay_single(settings.engine_database)
    # From now on no other bridge lets a run on a worker host go on: what it waits for is counted from here.
    runs = Runs(settings)
    runs.clear()
    mapping = Mapping(settings.accounts.mapping)
    mgrctl = mgrctl_of(settings.billmanager)
    database = database_of(settings.billmanager)
    store = open_record(settings)
    holds = Holds(
        settings.retries,
        Clouds(store),
        mgrctl,
        database,
        runs,
        lambda module, by: operations.released(module, by),
    )
    converge = Convergence(settings, mgrctl, database, mapping, runs, RunsOnRecord(store), holds.failure)
    record = Record(store)
    teller = Teller(mgrctl, database, record, Untold(store), holds)
    batches = Batches(converge, converge.claim_ahead, holds.observe)
    operations = Operations(settings, mgrctl, database, batches, record, holds, teller)
    signal.signal(signal.SIGTERM, _stop)
    operations.start()
    history = UsageHistory(store)
    Housekeeping(operations, runs, teller, history, settings.engine.keep_record_days).start()
    try:
        check_connection = CheckConnection(runs, database.calls, holds)
        importing = Import(mgrctl, database, mapping, runs, holds)
        administration = Administration(operations, database, importing)
        answering = forms(runs, database.calls, mgrctl, holds, mapping)
        answering["sync_server"] = partial(sync_server, operations, database.calls)
        reading = Reading(
            database,
            mapping,
            runs,
            history,
            settings.usage.notes,
            mend=lambda service: operations.submit(Request(service, SYNC), BRIDGE),
        )
        statistics = Statistics(mgrctl, database, holds, reading)
        with Intake(
            settings.bridge, operations, administration, check_connection, answering, statistics, importing
        ) as intake:
            # What needs time now is up; an operation does not wait for it.
            runs.begin_warm_starts()
            log.info("ready", socket=settings.bridge.socket_path, pid=os.getpid())
            intake.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        log.info("stopping")
        try:
            operations.stop()
            if intake.own_socket:
                settings.bridge.socket_path.unlink(missing_ok=True)
            # Their secrets go with the runs.
            runs.clear()
        except OSError as error:
            # A run still writes into its directory: the next start clears it.
            log.warning("a run's directory is left until the next start", detail=error)
        finally:
            # Operations under way may wait for minutes; they are stored, and gone on with after the next start. Their
            # runs end with this process.
            logging.shutdown()
            os._exit(0)


def _require_files(settings: Settings) -> None:
    """Raise ``SettingsInvalid`` when the certificate authority cannot be read: better now than at the first order.
    (What ssh needs may come later, and ssh says so.)"""
    path = settings.clouds.ca_file
    if path is not None and not os.access(path, os.R_OK):
        raise SettingsInvalid(file="clouds.ca_file", detail=f"{path} cannot be read")


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
