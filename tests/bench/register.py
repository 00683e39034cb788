# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of a month for very many services, out of the record with a row for each service and day."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from bill_nextcloud.record import Store
from bill_nextcloud.record.usage import ACTIVE
from bill_nextcloud.settings import read_settings
from harness.worker import COMMAND, Worker
from sqlalchemy import text
from standins.billmanager import Panel
from standins.billmanager.database import transaction
from standins.billmanager.many import sell

from bench.callers import NotTaken, Progress
from bench.measures import Measure, at_least, at_most, seen
from bench.sampling import sampled
from bench.scene import BUILD, GIB

SERVICES_A_SECOND, GROWTH_PERCENT = 2083, 10
DAYS = 30
_MONTH = "2026-10"
_DAY = """
    INSERT INTO usage (service, day, cloud, client, tariff, status, used, sold)
    WITH RECURSIVE one (service) AS (
        SELECT CAST(:first AS INTEGER) UNION ALL SELECT service + 1 FROM one WHERE service < :last
    )
    SELECT service, :day, :cloud, service, :tariff, :status, :used + service, :sold FROM one
"""


def measure(engine: str, database: str | None, services: int, progress: Progress) -> list[Measure]:
    """``bill-nextcloud usage`` for so many services: services a second, and the command's memory."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as name:
        panel = Panel.create(Path(name) / "mgr5")
        worker = Worker(Path(name) / "bridge", panel, {} if database is None else {"engine": {"database": database}})
        try:
            module = panel.add_cloud("Blue", {"url": "http://127.0.0.1:9", "username": "admin"}, {"password": "x"})
            tariff = panel.add_tariff("Small", module, disk=(1, "gib"))
            with transaction(panel.layout.database) as connection:
                sold = sell(connection, tariff, module, services, "http://127.0.0.1:9")
            worker.state.mkdir()
            _record(Store(read_settings(worker.settings_file).record_database), sold, module, tariff, progress)
            progress("register", DAYS, DAYS)
            file = Path(name) / "register.csv"
            command = [str(COMMAND), "usage", "--period", _MONTH, "--format", "csv", "--output", str(file)]
            settings = ["--settings", str(worker.settings_file)]
            with (
                subprocess.Popen([*command, *settings], stderr=subprocess.PIPE, text=True) as process,
                sampled(process.pid) as found,
            ):
                _, printed = process.communicate()
            if process.returncode or not printed.startswith(f"{services} services"):
                raise NotTaken(f"usage ended with {process.returncode}: {printed}")
        finally:
            worker.cleanup()
    half = len(found.samples) // 2
    growth = 100 * (max(found.samples[half:]) / max(found.samples[: half + 1]) - 1)
    title = f"register of {services} services, {DAYS} days each, {engine}"
    return [
        at_least(f"{title}: services", services / found.seconds, "1/s", SERVICES_A_SECOND),
        seen(f"{title}: time", found.seconds, "s"),
        seen(f"{title}: memory", found.peak, "MiB"),
        at_most(f"{title}: growth of it in the second half of the time", growth, "%", GROWTH_PERCENT),
    ]


def _record(store: Store, sold: range, module: int, tariff: int, progress: Progress) -> None:
    store.create()
    for day in range(1, DAYS + 1):
        progress("days recorded", day - 1, DAYS)
        values = {"first": sold[0], "last": sold[-1], "cloud": module, "tariff": tariff, "status": ACTIVE}
        with store.writing() as connection:
            connection.execute(
                text(_DAY), {**values, "day": f"{_MONTH}-{day:02}", "used": day * GIB // 60, "sold": GIB}
            )
    store.engine.dispose()
