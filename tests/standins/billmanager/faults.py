# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of mgrctl, kept in var/mgrctl.fault as a JSON object or a list of them.

`{"function": NAME or null for any, "fault": KIND, "times": N or null for always, "skip": calls that pass before,
"elid": object or null for any}`; kinds:

* `exit`: ends with code 1 and says nothing; nothing is done
* `exit_after`: does what was asked, then ends with code 1 and says nothing (the caller cannot know)
* `error`: answers an error (type `standin`) and ends with code 1; nothing is done
* `error_exit_0`: the same, but ends with code 0, as structured output sometimes does
* `hang`: does not answer as long as its caller lives; nothing is done
* `hang_after`: does what was asked, then does not answer
* `down`: what a caller sees while BILLmanager is stopped
* `kill_caller_before`: ends the bridge that calls with SIGKILL; nothing is done
* `kill_caller_after`: does what was asked, then ends the bridge in the same way

The bridge is the nearest process above mgrctl whose command line holds all of `BRIDGE`; it can be several steps away
(setpriv, a shell). mgrctl may be ended together with it, and does nothing more in any case.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KINDS = (
    "exit",
    "exit_after",
    "error",
    "error_exit_0",
    "hang",
    "hang_after",
    "down",
    "kill_caller_before",
    "kill_caller_after",
)
BRIDGE = (b"bill-nextcloud", b"worker")


def set_fault(
    path: Path,
    fault: str,
    function: str | None = None,
    times: int | None = None,
    *,
    skip: int = 0,
    elid: str | None = None,
) -> None:
    """Adds a fault to those in the file at `path`; `ValueError` for an unknown kind."""
    if fault not in KINDS:
        raise ValueError(f"unknown fault {fault!r}, one of {', '.join(KINDS)}")
    with _locked(path):
        wish = {"function": function, "fault": fault, "times": times, "skip": skip, "elid": elid}
        _write(path, [*_read(path), wish])


def clear_faults(path: Path) -> None:
    """mgrctl works again."""
    with _locked(path):
        path.unlink(missing_ok=True)


def take_fault(path: Path, function: str, elid: str | None) -> str | None:
    """The kind of the first fault that is meant for a call of `function` for the object `elid`, counted down; None when
    there is none."""
    if not path.exists():
        return None
    with _locked(path):
        faults = _read(path)
        for fault in faults:
            times = fault.get("times")
            meant = fault.get("function") in (None, function) and fault.get("elid") in (None, elid)
            if not meant or times == 0:
                continue
            if fault.get("skip"):
                fault["skip"] -= 1
                _write(path, faults)
                continue
            if times is not None:
                fault["times"] = times - 1
                _write(path, faults)
            return str(fault["fault"])
    return None


def kill_bridge() -> None:
    """Sends SIGKILL to the bridge above this process; `RuntimeError` when there is none."""
    process = os.getppid()
    while process > 1:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        if all(word in command for word in BRIDGE):
            os.kill(process, signal.SIGKILL)
            return
        # Behind the name, which may hold brackets and spaces: the state, then the parent.
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    raise RuntimeError("mgrctl was not called by a bridge")


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    content = json.loads(path.read_text(encoding="utf-8"))
    return content if isinstance(content, list) else [content]


def _write(path: Path, faults: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(faults), encoding="utf-8")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock beside the file, so that `times` counts right when several mgrctl run at once."""
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
