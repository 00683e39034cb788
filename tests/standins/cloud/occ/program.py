#!/usr/bin/env php
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file `occ` of a stand-in: hands its arguments and the passwords of its environment to the running stand-in, and
ends as that says. Installed by `installation.install`; `standin.json` beside it says where the stand-in is."""

from __future__ import annotations

import json
import os
import pwd
import signal
import socket
import sys

TYPE_CHECKING = False  # as of the module typing, whose import would take a good part of the time that this takes
if TYPE_CHECKING:
    from typing import Any

_PASSWORDS = ("OC_PASS", "NC_PASS")
_HERE = os.path.dirname(os.path.realpath(__file__))


def _owner(variable: str) -> int:
    folder = os.environ.get(variable) or os.path.join(_HERE, "config")
    return os.stat(os.path.join(folder, "config.php")).st_uid


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _refuse_others(product: str, user: int, owner: int) -> None:
    """Only the owner of config.php may go on (console.php)."""
    print("Console has to be executed with the user that owns the file config/config.php")
    if product == "nextcloud":
        print(f"Current user id: {user}")
        print(f"Owner id of config.php: {owner}")
        print(f"Try adding 'sudo -u #{owner}' to the beginning of the command (without the single quotes)")
        print(
            "If running with 'docker exec' try adding the option "
            f"'-u {owner}' to the docker command (without the single quotes)"
        )
    else:
        print(f"Current user: {_name(user)}")
        print(f"Owner of config.php: {_name(owner)}")
        print(f"Try adding 'sudo -u {_name(owner)} ' to the beginning of the command (without the single quotes)")


def _ask(address: tuple[str, int], question: dict[str, Any]) -> Any:
    with socket.create_connection(address) as connection:
        connection.sendall(json.dumps(question).encode() + b"\n")
        with connection.makefile("rb") as answers:
            return json.loads(answers.readline())


def main() -> int:
    """Run the command; returns its exit code."""
    with open(os.path.join(_HERE, "standin.json"), encoding="utf-8") as file:
        standin = json.load(file)
    started_by = os.getuid()
    if standin["drops_privileges"] and started_by == 0:
        os.setuid(_owner(""))
    user, owner = os.getuid(), _owner(standin["config_variable"])
    if user != owner:
        _refuse_others(standin["refusal"], user, owner)
        return 1
    question = {
        "arguments": sys.argv[1:],
        "environment": {name: os.environ[name] for name in _PASSWORDS if name in os.environ},
        "uid": user,
        "started_by": started_by,
        "pid": os.getpid(),
    }
    answer = _ask(tuple(standin["address"]), question)
    if answer["signal"]:
        os.kill(os.getpid(), answer["signal"])
        signal.pause()
    for stream, text in ((sys.stdout, answer["output"]), (sys.stderr, answer["errors"])):
        stream.buffer.write(text.encode("utf-8", "surrogateescape"))
        stream.flush()
    status: int = answer["status"]
    return status


if __name__ == "__main__":
    sys.exit(main())
