# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud-run-worker``: carries out, on a worker host, one run that the bridge sends over SSH.

Standard input is ansible-runner's transmit stream, then the answers of the lease; standard output its worker stream.
This host adds what is its own: the cloud's credentials, the playbook, the collection. A process of its own does the run
and kills itself when the connection or the lease ends; everything of the run dies with it. The first process only
removes the directory with the secrets then. The log-in to the cloud is kept for the runs that follow.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

from ansible_runner.streaming import Worker

from bill_nextcloud.errors import OperationError, WorkerCredentialsRefused, WorkerRefused
from bill_nextcloud.process import die_with
from bill_nextcloud.runs.credentials import access, mark
from bill_nextcloud.runs.lease import TICK, Lease
from bill_nextcloud.runs.left import remove_of_dead, remove_of_killed
from bill_nextcloud.runs.private import on_tmpfs
from bill_nextcloud.runs.release import PACKAGE, release
from bill_nextcloud.runs.run import execute
from bill_nextcloud.runs.sessions import Sessions
from bill_nextcloud.runs.transmission import receive

_PREFIX = "bill-nextcloud-run-"
_REQUEST_SECONDS = 60
_GIVEN_UP = 3


def main() -> None:
    """The program. Whatever it cannot do goes back in the stream; the exit status is 0 when the stream is whole."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--credentials",
        type=Path,
        default=Path("/etc/bill-nextcloud/clouds.yml"),
        help="address of each cloud: {username, password, ca_file, bearer_token, transport, ssh_host, …};"
        " mode 0600 (default: %(default)s)",
    )
    parser.add_argument(
        "--runtime-directory",
        type=Path,
        default=Path("/dev/shm"),  # noqa: S108 (below it, mkdtemp)
        help="on a tmpfs: takes the secrets of a run while it lasts, and log-ins to clouds (default: %(default)s)",
    )
    parser.add_argument(
        "--project-directory",
        type=Path,
        default=PACKAGE.parents[1],
        help="has ansible.cfg, playbooks and collections (default: %(default)s)",
    )
    options = parser.parse_args()
    os.umask(0o077)
    remove_of_dead(options.runtime_directory, _PREFIX)
    _sessions(options).remove_old()
    private = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=options.runtime_directory))
    # A fork: nothing has to be loaded again, and nothing but standard input is shared.
    child = multiprocessing.get_context("fork").Process(target=_serve, args=(options, private, os.getpid(), os.dup(0)))
    child.start()

    def end(number: int, frame: FrameType | None) -> None:
        child.kill()

    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    child.join()
    remove_of_killed(private)
    sys.exit(0 if child.exitcode == 0 else 1)


def _serve(options: argparse.Namespace, private: Path, parent: int, channel: int) -> None:
    die_with(parent)
    # Neither the run nor a library may disturb the stream.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    tempfile.tempdir = str(private)
    worker = Worker(_output=output, private_data_dir=str(private))
    try:
        _run(options, private, channel, worker)
    except OperationError as error:
        worker.status_handler({"status": "error", "failure": error.failure.as_dict()}, None)
    worker.finished_callback(None)


def _run(options: argparse.Namespace, private: Path, channel: int, worker: Worker) -> None:
    # A connection over which nothing comes is not waited for.
    signal.alarm(_REQUEST_SECONDS)
    with open(channel, "rb", closefd=False) as stream:
        sent = receive(stream, release(options.project_directory))
    cloud = access(options.credentials, sent.url, sent.username)
    marked = mark(cloud)
    if marked in sent.refused:
        raise WorkerCredentialsRefused(host=platform.node(), file=options.credentials, address=cloud.url)
    if not on_tmpfs(private):
        raise WorkerRefused(host=platform.node(), detail=f"{options.runtime_directory} is not on a tmpfs")
    # Before anything is tried with them: then the bridge knows them also when this host is lost.
    worker.status_handler({"status": "starting", "credentials": marked}, None)

    def tick() -> None:
        worker.event_handler(TICK)

    def give_up() -> None:
        os._exit(_GIVEN_UP)

    Lease(channel, sent.lease, tick, give_up).begin()
    signal.alarm(0)

    def on_event(event: dict[str, Any]) -> bool:
        worker.event_handler(event)
        return False  # they are kept by the bridge

    status, _ = execute(
        sent.run,
        cloud,
        project=options.project_directory,
        private=private,
        home=private / "ansible",
        session=_sessions(options).file(sent.run.host),
        artifacts=private / "artifacts",
        on_event=on_event,
    )
    worker.status_handler({"status": status}, None)


def _sessions(options: argparse.Namespace) -> Sessions:
    """This user's; others may have runs on this host, too."""
    return Sessions(options.runtime_directory / f"bill-nextcloud-sessions-{os.geteuid()}")


if __name__ == "__main__":
    main()
