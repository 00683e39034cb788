#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An occ that does nothing. It tells how it was started, after a notice as PHP gives one, and writes down when it
begins and ends; only ``status`` it answers as occ. ``--wait=SECONDS`` and ``--status=NUMBER`` are for it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path

OPTIONS = dict(argument.split("=", 1) for argument in sys.argv if argument.startswith(("--wait=", "--status=")))


def note(what: str) -> None:
    """Add a line to data/calls, where all calls are in the order of what happened."""
    line = f"{what} {' '.join(sys.argv[1:])}\n".encode()
    calls = os.open(Path(__file__).parent / "data" / "calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(calls, line)
    os.close(calls)


def digest(password: str | None) -> str | None:
    """What shows that it is the right one without showing it."""
    return None if password is None else hashlib.sha256(password.encode()).hexdigest()


note("begins")
if sys.argv[1:] == ["status", "--no-interaction", "--no-ansi", "--output=json"]:
    print('{"installed":true,"versionstring":"31.0.6"}')
    sys.exit()
print('PHP Warning:  Module "apcu" is already loaded in Unknown on line 0', file=sys.stderr)
print(
    "\n{ is no JSON\n"
    + json.dumps(
        {
            "arguments": sys.argv[1:],
            "user": os.getuid(),
            "groups": os.getgroups(),
            "environment": sorted(os.environ),
            "passwords": [digest(os.environ.get(name)) for name in ("OC_PASS", "NC_PASS")],
            "input": sys.stdin.read(),
            "directory": os.getcwd(),
        }
    )
)
sys.stdout.flush()
time.sleep(float(OPTIONS.get("--wait", 0)))
note("ends")
sys.exit(int(OPTIONS.get("--status", 0)))
