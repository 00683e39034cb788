# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes to a worker host and comes back from it, also when it means harm."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.errors import (
    ReleaseDiffers,
    WorkerRefused,
)
from bill_nextcloud.runs.lease import TICK
from bill_nextcloud.runs.returned import Returned
from bill_nextcloud.runs.transmission import Transmission, receive
from harness.runs import EVENT, SECRET, one_run


def sent(**changes: Any) -> bytes:
    """The stream of a run."""
    output = io.BytesIO()
    fields = {"release": "1", "lease": 20, "url": "https://cloud", "username": "admin", "refused": [], "run": one_run()}
    Transmission(**{**fields, **changes}).send(output)
    return output.getvalue()


def test_a_run_is_sent_and_received() -> None:
    """As it was, and its representation shows no password."""
    received = receive(io.BytesIO(sent()), "1")
    assert received.run == one_run()
    assert SECRET not in repr(received)


def test_another_release_is_told_before_anything_else() -> None:
    """Its fields may be others."""
    stream = b'{"kwargs": {"transmission": {"release": "2", "new": 1}}}\n{"eof": true}\n'
    with pytest.raises(ReleaseDiffers) as raised:
        receive(io.BytesIO(stream), "1")
    assert (raised.value.parameters["theirs"], raised.value.parameters["ours"]) == ("1", "2")


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\xff\n",
        b"[]\n",
        b'{"zipfile": 10}\n',
        sent()[:-20],
        sent().replace(b'"cloud": 3', b'"cloud": "3"'),
        sent().replace(b'"cloud": 3', b'"cloud": 3, "cmdline": "--x"'),
        sent().replace(b'"0000', b'"../0'),
    ],
)
def test_what_is_no_run_is_refused(stream: bytes) -> None:
    """Without a word of what it holds."""
    with pytest.raises(WorkerRefused) as raised:
        receive(io.BytesIO(stream), "1")
    assert SECRET not in str(raised.value)


def taken(directory: Path, *lines: object) -> tuple[Returned, list[dict[str, Any]]]:
    """What becomes of a stream of these lines, and the events that were taken."""
    events: list[dict[str, Any]] = []

    def on_event(event: dict[str, Any]) -> bool:
        events.append(event)
        return True

    returned = Returned(directory / "artifacts", on_event)
    returned.take(io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))
    return returned, events


def test_events_become_artifacts(tmp_path: Path) -> None:
    """Each is a file, and their words are the standard output."""
    returned, events = taken(tmp_path, {"status": "running"}, EVENT, TICK, {"status": "successful"}, {"eof": True})
    assert (returned.whole, returned.status, returned.refusal) == (True, "successful", None)
    assert events == [EVENT]
    assert json.loads((tmp_path / "artifacts" / "job_events" / "1-a-1.json").read_text("utf-8")) == EVENT
    assert (tmp_path / "artifacts" / "stdout").read_text("utf-8") == "PLAY RECAP\n"


def test_a_stream_without_an_end_is_not_whole(tmp_path: Path) -> None:
    """Whatever it says before."""
    returned, _ = taken(tmp_path, {"status": "running"}, EVENT, {"status": "successful"})
    assert not returned.whole
    assert returned.reason


@pytest.mark.parametrize(
    "line",
    [
        *(5, [], "x", None, {"event": "x", "counter": 1, "uuid": "b"}, {"status": []}),
        {"zipfile": 5},
        {"status": "error", "failure": {"code": "release_differs", "parameters": {"self": 1}}},
        {"status": "error", "failure": {"code": "release_differs", "parameters": 7}},
        {**EVENT, "uuid": "../../../planted"},
        {**EVENT, "counter": "../../../planted"},
        {**EVENT, "uuid": "/planted"},
    ],
)
def test_streams_that_mean_harm(tmp_path: Path, line: object) -> None:
    """No file is written elsewhere, and nothing but known errors comes out."""
    taken(tmp_path, line, {"eof": True})
    assert list(tmp_path.rglob("*planted*")) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifacts"]


def test_only_known_refusals_are_told(tmp_path: Path) -> None:
    """A worker host cannot make the bridge tell BILLmanager just anything."""
    failure = {"code": "worker_refused", "kind": "final", "parameters": {"host": "w", "detail": "a\n" * 1000}}
    returned, _ = taken(tmp_path / "1", {"status": "error", "failure": failure}, {"eof": True})
    assert isinstance(returned.refusal, WorkerRefused)
    assert len(returned.refusal.parameters["detail"]) == 300
    returned, _ = taken(tmp_path / "2", {"status": "error", "failure": {**failure, "code": "bad"}}, {"eof": True})
    assert returned.refusal is None
    assert not returned.whole
