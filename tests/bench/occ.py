# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts by occ over SSH: one task for all of them, against the same commands one by one.

The server is a stand-in with sudo and the documented sudoers file, or the real one that NEXTCLOUD_OCC names (a command
line), which is then used on this machine without SSH.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.cloud_server import OCC, OWNER, USER, CloudServer
from harness.over_connection import COLLECTIONS, OverConnection
from standins.cloud.process import StandinCloud

from bench.callers import Progress
from bench.measures import Measure, left_out, seen

if str(COLLECTIONS) not in sys.path:
    sys.path.insert(0, str(COLLECTIONS))

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USERS
from ansible_collections.bill.nextcloud.plugins.plugin_utils import users_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host

PROCESSES = 4
ONE_BY_ONE = 40
_PREFIX = "bench-occ-"
_PASSWORD = "Swordfish-of-the-bench-1"


@dataclass
class _Server:
    """Where occ is: the connection to it, the options of a task, and the command that runs one command there."""

    host: OverConnection
    options: dict[str, Any]
    alone: Sequence[str | Path]


def measure(accounts: int, progress: Progress) -> list[Measure]:
    """So many accounts made, looked at again, and removed, by one task each; and single commands, one by one."""
    if os.geteuid() != 0:
        return [left_out("accounts by occ", "only root may make a server of its own")]
    names = [f"{_PREFIX}{number:05d}" for number in range(accounts)]
    with _server() as server:
        took = {}
        for number, (what, wish) in enumerate(
            (
                ("made", {"password": _PASSWORD, "quota": "1 GB"}),
                ("nothing to do", {"quota": "1 GB"}),
                ("removed", {"state": "absent"}),
            )
        ):
            progress(what, number, 4)
            before = server.host.commands
            started = time.monotonic()
            result = _task(server, [{"name": name, **wish} for name in names])
            took[what] = (time.monotonic() - started, server.host.commands - before)
            if result["summary"]["failed"]:
                raise RuntimeError(result["messages"][0])
        progress("one by one", 3, 4)
        started = time.monotonic()
        for _ in range(ONE_BY_ONE):
            subprocess.run([*server.alone, "user:info", "nobody-of-the-bench"], capture_output=True, check=False)
        single = (time.monotonic() - started) / ONE_BY_ONE
    seconds, commands = took["made"]
    name = f"{accounts} accounts by occ"
    return [
        seen(f"{name}, made: accounts a second", accounts / seconds, "1/s"),
        seen(f"{name}, made: commands", commands, ""),
        seen(f"{name}, made: faster than the same commands one by one", commands * single / seconds, "×"),
        seen(f"{name}, nothing to do", took["nothing to do"][0], "s"),
        seen(f"{name}, nothing to do: commands", took["nothing to do"][1], ""),
        seen(f"{name}, removed: accounts a second", accounts / took["removed"][0], "1/s"),
        seen("one command by itself, over a connection that is kept", 1000 * single, "ms"),
    ]


def _task(server: _Server, accounts: list[dict[str, Any]]) -> dict[str, Any]:
    validated = ArgumentSpecValidator(**USERS.keywords).validate(
        {"transport": "occ", "occ_processes": PROCESSES, "accounts": accounts, **server.options}
    )
    assert not validated.error_messages, validated.error_messages
    host = Host(partial(server.host.execute, check_mode=False))
    return users_task.run(validated.validated_parameters, host, check_mode=False, with_diff=False)


@contextmanager
def _server() -> Iterator[_Server]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (directory / "home").mkdir()
        real = os.environ.get("NEXTCLOUD_OCC")
        if real:
            local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
            host = stack.enter_context(OverConnection(local, directory / "home"))
            yield _Server(host, {"occ_command": shlex.split(real)}, shlex.split(real))
            return
        (directory / "cloud").mkdir()
        standin = stack.enter_context(StandinCloud(directory / "cloud", admin_password=_PASSWORD))
        machine = stack.enter_context(CloudServer(directory / "server", standin.install_occ(directory / "occ")))
        machine.serve(standin)
        variables = machine.variables(kept=True)
        host = stack.enter_context(OverConnection(variables, directory / "home"))
        ssh: list[str | Path] = ["ssh", *shlex.split(variables["ansible_ssh_args"]), "-i", directory / "server" / "key"]
        ssh += ["-p", str(machine.port), f"{USER}@127.0.0.1"]
        yield _Server(host, {"occ_path": str(OCC)}, [*ssh, "sudo", "-n", "-u", OWNER, "/usr/bin/php", OCC])
