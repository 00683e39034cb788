# SPDX-License-Identifier: GPL-3.0-or-later
"""One log-in for the runs of 25 minutes: who pays for it, when it ends, and where it may lie."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from harness.leaks import Watcher, files_with, session_cookies
from harness.stack import Stack

from .conftest import SetUp


def log_ins(stack: Stack) -> list[str]:
    """The requests by which the administrator's password was checked since the last look, in order."""
    seen = [one for one in stack.standin.requests() if one["new_session"] and one["auth"] == stack.cloud.username]
    stack.standin.clear_requests()
    return [f"{one['method']} {one['path']}" for one in seen]


def session(stack: Stack) -> Path:
    """The file of the cloud's session."""
    (file,) = session_cookies(stack.worker.runtime)
    return file


def test_two_events_one_log_in(set_up: SetUp, tmp_path: Path) -> None:
    """Nobody else can read it, and it is nowhere else. A check by a person logs in, and so does the next event with
    another password in the form; when the bridge stops the session is gone."""
    stack = set_up()
    watcher = Watcher()
    try:
        service = stack.opened()
        assert len(log_ins(stack)) == 1
        stack.run(service, stack.panel.suspend(service))
        assert log_ins(stack) == []
    finally:
        watcher.stop()
    ((file, cookies),) = session_cookies(stack.worker.runtime).items()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    assert cookies
    assert os.listdir(file.parent) == [file.name]
    assert files_with([tmp_path, stack.worker.runtime], cookies) == [str(file)]
    assert watcher.leaks(cookies) == []

    assert stack.panel.check_connection(stack.module).ok
    assert len(log_ins(stack)) == 1
    kept = file.read_bytes()
    stack.run(service, stack.panel.resume(service))
    assert log_ins(stack) == []
    assert file.read_bytes() == kept

    stack.cloud.change_own_password("Another-Passw0rd-of-the-admin")
    stack.panel.set_cloud_secret(stack.module, "password", "Another-Passw0rd-of-the-admin")
    stack.standin.clear_requests()
    stack.run(service, stack.panel.suspend(service))
    assert len(log_ins(stack)) == 1
    assert session_cookies(stack.worker.runtime)[file] != cookies

    stack.worker.stop()
    assert not file.parent.exists()


def test_sessions_end(set_up: SetUp) -> None:
    """One that is 25 minutes old is not used. One that the cloud does not let write any more, since its clock runs
    ahead, costs a log-in, and the event does not notice; and a bridge that was killed begins with none."""
    stack = set_up()
    service = stack.opened()
    log_ins(stack)
    content = json.loads(session(stack).read_text("utf-8"))
    content["logged_in_at"] -= 25 * 60
    session(stack).write_text(json.dumps(content), encoding="utf-8")
    stack.run(service, stack.panel.suspend(service))
    assert len(log_ins(stack)) == 1

    stack.standin.advance_clock(31 * 60)
    stack.run(service, stack.panel.resume(service))
    assert [one["status"] for one in stack.standin.requests()].count(403) == 1
    assert len(log_ins(stack)) == 1
    stack.run(service, stack.panel.suspend(service))
    assert log_ins(stack) == []

    stack.worker.kill()
    stack.worker.start()
    stack.run(service, stack.panel.resume(service))
    assert len(log_ins(stack)) == 1
