# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of a stand-in is this machine: its occ is started here, as the module `nextcloud_occ` starts it there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any


def execute(options: Mapping[str, Any], *, check_mode: bool = False) -> dict[str, Any]:
    """Run commands; returns what the module would (see :data:`server.Execute`)."""
    start = partial(_answer, [options["php_path"], options["occ_path"]], check_mode=check_mode)
    with ThreadPoolExecutor(options["processes"]) as threads:
        return {"results": list(threads.map(start, options["commands"]))}


def _answer(occ: list[str], command: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    assert not (check_mode and command["changes"]), f"in check mode: {command['arguments']}"
    name, *arguments = command["arguments"]
    password = command.get("password")
    passwords = {} if password is None else {"OC_PASS": password, "NC_PASS": password}
    done = subprocess.run(
        [*occ, name, "--no-interaction", "--no-ansi", *arguments],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **passwords},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=command["seconds"],
    )
    return {
        "status": done.returncode,
        "output": done.stdout,
        "errors": done.stderr,
        "timed_out": False,
        "begun": True,
        "refusal": None,
    }
