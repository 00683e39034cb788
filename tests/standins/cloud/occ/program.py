#!/usr/bin/env php
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file `occ` of a stand-in: hands its arguments and the passwords of its environment to the running stand-in, and
ends as that says (`service`). Installed by `installation.install`; `standin.conf` beside it says where the stand-in is.

A test may run thousands of these, so it imports nothing that takes long: not socket, json or typing.
"""

from __future__ import annotations

import _socket
import os
import sys

_HERE = os.path.dirname(os.path.realpath(__file__))
_CHUNK = 65536


def _owner(folder: str) -> int:
    return os.stat(os.path.join(folder, "config.php")).st_uid


def _name(uid: int) -> str:
    import pwd

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


def _ask(port: int, fields: list[bytes]) -> bytes:
    connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    connection.connect(("127.0.0.1", port))
    question = b"\0".join(fields)
    left = b"%d\n" % len(question) + question
    while left:
        left = left[connection.send(left) :]
    answer = b""
    while chunk := connection.recv(_CHUNK):
        answer += chunk
    connection.close()
    return answer


def main() -> int:
    """Run the command; returns its exit code."""
    with open(os.path.join(_HERE, "standin.conf"), encoding="utf-8") as file:
        port, drops_privileges, product = file.read().split()
    started_by = os.getuid()
    usual = os.path.join(_HERE, "config")
    if drops_privileges == "yes" and started_by == 0:
        os.setuid(_owner(usual))
    user, owner = os.getuid(), _owner(os.environ.get(f"{product.upper()}_CONFIG_DIR") or usual)
    if user != owner:
        _refuse_others(product, user, owner)
        return 1
    passwords = [os.environb.get(name, b"") for name in (b"OC_PASS", b"NC_PASS")]
    numbers = [b"%d" % number for number in (user, started_by, os.getpid())]
    answer = _ask(int(port), [*numbers, *passwords, *map(os.fsencode, sys.argv[1:])])
    head, _, text = answer.partition(b"\n")
    status, signal, length = map(int, head.split())
    if signal:
        os.kill(os.getpid(), signal)
    for stream, part in ((sys.stdout, text[:length]), (sys.stderr, text[length:])):
        stream.buffer.write(part)
        stream.flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
