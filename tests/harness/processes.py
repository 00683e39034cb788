# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, and the processes below the bridge."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import psutil
from standins.billmanager import Panel

from harness.worker import Worker


def until(condition: Callable[[], object], seconds: float = 60, what: object = "") -> None:
    """Wait until ``condition`` is true. ``AssertionError`` with ``what`` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain {what}"
        time.sleep(0.05)


def below(worker: Worker, wanted: str = "") -> list[psutil.Process]:
    """The processes below the bridge whose command line holds ``wanted``, or that have its first 15 characters as their
    name: so a run that was begun warm is found as well."""
    assert worker.process is not None
    found = []
    for process in psutil.Process(worker.process.pid).children(recursive=True):
        try:
            if wanted in " ".join(process.cmdline()) or process.name() == wanted[:15]:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def kill_worker(worker: Worker) -> None:
    """kill -9 of the bridge; all that it has started must end with it."""
    running = below(worker)
    worker.kill()
    _, alive = psutil.wait_procs(running, timeout=5)
    assert alive == [], "a process outlived the bridge"


def kill_runs(worker: Worker) -> None:
    """kill -9 of each ansible-playbook; all processes of these runs must end with it."""
    running = below(worker, "ansible-playbook")
    for process in running:
        if process.ppid() not in [one.pid for one in running]:
            process.kill()
    _, alive = psutil.wait_procs(running, timeout=5)
    assert alive == [], "a process of the run went on"


def callers(panel: Panel) -> list[psutil.Process]:
    """The processes of the module that ``panel`` has started for an operation. Where another panel on this machine runs
    a module too, only its directory tells them apart."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if "--runningoperation" in (process.info["cmdline"] or []) and process.info["cwd"] == str(panel.root)
    ]


def kill_callers(panel: Panel) -> int:
    """kill -9 of each of :func:`callers`; how many there were."""
    found = callers(panel)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return len(found)
