# SPDX-License-Identifier: GPL-3.0-or-later
"""``make stack``: a bridge between the stand-ins, with services sold, to try the commands on by hand until Ctrl-C.

Nothing of it is left afterwards: neither processes nor files.
"""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.cloud import Server
from harness.interruption import end_in_order, uninterrupted
from harness.stack import Stack
from harness.worker import COMMAND, REPOSITORY

# As in production, other than in tests: there is time to look.
RETRIES = {"first_seconds": 5, "longest_seconds": 600, "probe_seconds": 30}
PANEL = (sys.executable, str(REPOSITORY / "tests" / "standins" / "billmanager"))


@dataclass(frozen=True)
class Sold:
    """Numbers of services: active, suspended, one whose order failed, one whose order BILLmanager has yet to hand
    over."""

    active: int
    suspended: int
    failed: int
    waiting: int


@contextmanager
def stack(directory: Path) -> Iterator[Stack]:
    """Everything, started below ``directory``, and ended afterwards."""
    server = Server(directory / "cloud")
    started: Stack | None = None
    try:
        started = Stack.set_up(directory, server.cloud, {"retries": RETRIES}, server.standin)
        yield started
    finally:
        with uninterrupted():
            if started is not None:
                started.worker.cleanup()
            server.stop()


def sell(stack: Stack) -> Sold:
    """One service of each kind."""
    active, suspended = stack.opened(stack.small), stack.opened(stack.small)
    stack.panel.suspend(suspended)
    stack.run(suspended)
    # A tariff that sells no disk space is a mistake that only a person can mend.
    failed = stack.order(stack.tariff("Without disk space", disk=None))
    stack.panel.run(failed)
    return Sold(active, suspended, failed, stack.order(stack.small))


def guide(stack: Stack, sold: Sold) -> str:
    """What can be tried: lines for a shell, indented, below what they do."""
    command = shlex.quote(str(COMMAND))
    panel, root = shlex.join(PANEL), f"--root {shlex.quote(str(stack.panel.root))}"
    lines = [
        f"\nServices {sold.active} (active), {sold.suspended} (suspended), {sold.failed} (its order failed) and",
        f"{sold.waiting} (ordered, not handed over yet). In another terminal:\n",
        f"    export BILL_NEXTCLOUD_SETTINGS={shlex.quote(str(stack.worker.settings_file))}",
        f"    {command} status",
        f"    {command} operations",
        f"    {command} show {stack.on_record('id', 'failed')[0][0]}",
        f"    {command} retry {stack.on_record('id', 'failed')[0][0]}",
        f"    {command} drift",
        f'    {command} hold Cloud --reason "new disks"',
        f"    {command} release Cloud",
        "\nBILLmanager begins an operation of a service, and hands it over (run):\n",
        f"    {panel} run {sold.waiting} {root}",
        f"    {panel} operation resume {sold.suspended} {root}",
        f"    {panel} run {sold.suspended} {root}",
        "\nWhat BILLmanager shows, with the task about the failed order; what the bridge writes:\n",
        f"    {panel} show {root}",
        f"    tail {shlex.quote(str(stack.worker.log))}",
        f"\nThe cloud is at {stack.cloud.url}. Ctrl-C ends and removes everything.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run until Ctrl-C, SIGTERM or the end of the terminal."""
    end_in_order()
    try:
        with tempfile.TemporaryDirectory(prefix="bill-nextcloud-stack-") as directory:
            print(
                "A stand-in of BILLmanager, one of Nextcloud 31, and the bridge; selling takes some seconds …",
                flush=True,
            )
            with stack(Path(directory)) as started:
                print(guide(started, sell(started)), flush=True)
                signal.pause()
    except KeyboardInterrupt:
        print("\nended; nothing is left of it")


if __name__ == "__main__":
    main()
