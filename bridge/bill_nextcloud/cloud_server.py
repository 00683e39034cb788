# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud's server, where ``occ`` is run over SSH: what a person may say of it, and how Ansible gets there."""

from __future__ import annotations

import base64
import binascii
import os
import re
import shlex
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bill_nextcloud.runs.ssh import is_host, is_path, is_user, options

API: Final = "api"
OCC: Final = "occ"
AUTO: Final = "auto"
TRANSPORTS = (API, OCC, AUTO)
"""The values of the modules' option ``transport``."""
BY_SSH = (OCC, AUTO)
"""Those of :data:`TRANSPORTS` that need a server."""
PARAMETERS = (
    "ssh_host",
    "ssh_port",
    "ssh_user",
    "ssh_key_file",
    "ssh_host_keys",
    "occ_path",
    "php_path",
    "occ_command",
)
"""What a server is made of, by the names in the connection form and in a worker host's file."""

_DEFAULT_PORT = 22
_KEY_TYPES = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_DIGITS = re.compile(r"[0-9]{1,5}")
# One log-in serves a whole run: a server that limits new connections (ufw, fail2ban, MaxStartups) would refuse one for
# each execution. What remains of it when the run has ended is an idle process, for so many seconds.
_PERSIST_SECONDS = 5
# The socket of that log-in; ssh appends 17 characters at first, and the kernel takes 107.
_LONGEST_SOCKET = 90
_DIGEST = 40 * "0"
_CONNECT_SECONDS = 10
# By which ssh dies with the process of Ansible that has started it.
_SSH = Path("playbooks", "files", "ssh.sh")


class ServerUnusable(ValueError):
    """One of :data:`PARAMETERS` cannot be used. ``value``: what it has, empty when it is missing; ``possible``: what it
    may have, so that every language can show it."""

    def __init__(self, parameter: str, value: str, possible: str) -> None:
        self.parameter = parameter
        self.value = value
        self.possible = possible
        super().__init__(f"{parameter} is missing" if not value else f"{parameter}: possible is {possible}")


@dataclass(frozen=True)
class CloudServer:
    """``host_keys``: as in a file of known hosts, without the host; none: ssh's own files count. ``occ_path`` is the
    file occ and ``php_path`` the program that runs it, where they are not looked for; ``occ_command`` is the whole
    command that starts it, in place of both."""

    host: str
    port: int
    user: str
    key_file: Path
    host_keys: tuple[str, ...] = ()
    occ_path: str | None = None
    php_path: str | None = None
    occ_command: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, str]) -> CloudServer:
        """The server that texts under the names of :data:`PARAMETERS` describe; whether its files can be read is not
        looked at. Raises :class:`ServerUnusable`."""
        given = {parameter: (values.get(parameter) or "").strip() for parameter in PARAMETERS}
        for parameter in ("ssh_host", "ssh_user", "ssh_key_file"):
            if not given[parameter]:
                raise ServerUnusable(parameter, "", "")
        _require(is_host(given["ssh_host"]), given, "ssh_host", "cloud.example.com, 192.0.2.1, 2001:db8::1")
        _require(is_user(given["ssh_user"]), given, "ssh_user", "A-Z a-z 0-9 _ . -")
        _require(is_path(given["ssh_key_file"]), given, "ssh_key_file", "/etc/bill-nextcloud/cloud_key")
        port = given["ssh_port"] or str(_DEFAULT_PORT)
        _require(bool(_DIGITS.fullmatch(port)) and 0 < int(port) <= 65535, given, "ssh_port", "1-65535")
        for parameter, example in (("occ_path", "/var/www/nextcloud/occ"), ("php_path", "/usr/bin/php8.3")):
            path = given[parameter]
            _require(not path or _is_file_name(path), given, parameter, example)
            _require(not path or not given["occ_command"], given, "occ_command", f"{parameter} / occ_command")
        return cls(
            given["ssh_host"].lower(),
            int(port),
            given["ssh_user"],
            Path(given["ssh_key_file"]),
            _host_keys(given["ssh_host_keys"]),
            given["occ_path"] or None,
            given["php_path"] or None,
            _words(given),
        )

    @property
    def params(self) -> dict[str, str]:
        """The texts that :meth:`of` would read this from."""
        return {
            "ssh_host": self.host,
            "ssh_port": str(self.port),
            "ssh_user": self.user,
            "ssh_key_file": str(self.key_file),
            "ssh_host_keys": "\n".join(self.host_keys),
            "occ_path": self.occ_path or "",
            "php_path": self.php_path or "",
            "occ_command": shlex.join(self.occ_command),
        }

    @property
    def known_hosts(self) -> str:
        """Its lines in a file of known hosts."""
        name = self.host if self.port == _DEFAULT_PORT else f"[{self.host}]:{self.port}"
        return "".join(f"{name} {key}\n" for key in self.host_keys)

    def variables(
        self, *, project: Path, known_hosts: Path | None, socket: Path, seconds: int | None = None
    ) -> dict[str, Any]:
        """Variables of a host of Ansible that lead to it and to its occ: nobody is asked, its key must be known, and
        ssh's own configuration files are not read.

        ``project`` has ``playbooks``; ``known_hosts`` holds :attr:`known_hosts`, ``None`` where there are none;
        ``socket``: where the log-in that a run shares is found, in a directory that exists (``%C``: by user and host);
        ``seconds``: a limit of the whole run, if somebody waits for it.
        """
        shared = {"ControlMaster": "auto", "ControlPersist": str(_PERSIST_SECONDS), "ControlPath": f'"{socket}"'}
        if len(os.fsencode(str(socket).replace("%C", _DIGEST))) > _LONGEST_SOCKET:
            shared = {"ControlPath": "none"}
        connect = _CONNECT_SECONDS if seconds is None else max(1, min(_CONNECT_SECONDS, seconds // 2))
        arguments = options(identity_file=self.key_file, known_hosts=known_hosts, connect_timeout=connect, more=shared)
        return {
            "ansible_connection": "ssh",
            "ansible_host": self.host,
            "ansible_port": self.port,
            "ansible_user": self.user,
            "ansible_ssh_executable": str(project / _SSH),
            "ansible_ssh_args": shlex.join(arguments),
            # The module goes there on standard input: no file of it is left on the server.
            "ansible_pipelining": True,
            # That of the server, which is found out.
            "ansible_python_interpreter": "auto_silent",
            "cloud_occ_path": self.occ_path,
            "cloud_php_path": self.php_path,
            "cloud_occ_command": list(self.occ_command),
        }


def _require(holds: bool, given: Mapping[str, str], parameter: str, possible: str) -> None:
    if not holds:
        raise ServerUnusable(parameter, given[parameter], possible)


def _is_file_name(text: str) -> bool:
    return text.startswith("/") and text.isprintable()


def _words(given: Mapping[str, str]) -> tuple[str, ...]:
    """``occ_command`` as a shell would take it apart; none runs it."""
    possible = "sudo -n /usr/local/sbin/nextcloud-occ"
    _require(given["occ_command"].isprintable(), given, "occ_command", possible)
    try:
        words = tuple(shlex.split(given["occ_command"]))
    except ValueError:
        raise ServerUnusable("occ_command", given["occ_command"], possible) from None
    _require(not given["occ_command"] or bool(words and words[0]), given, "occ_command", possible)
    return words


def _host_keys(text: str) -> tuple[str, ...]:
    """The keys, one a line, without what may follow them as a comment."""
    keys = []
    for line in filter(None, map(str.strip, text.splitlines())):
        kind, _, rest = line.partition(" ")
        encoded = rest.strip().partition(" ")[0]
        if kind not in _KEY_TYPES or _kind_of(encoded) != kind:
            raise ServerUnusable("ssh_host_keys", line, "ssh-ed25519 AAAA…")
        keys.append(f"{kind} {encoded}")
    return tuple(keys)


def _kind_of(encoded: str) -> str | None:
    """What a public key says that it is (RFC 4253, section 6.6), ``None`` when it is none."""
    try:
        key = base64.b64decode(encoded, validate=True)
        (length,) = struct.unpack_from(">I", key)
    except (binascii.Error, struct.error, ValueError):
        return None
    kind = key[4 : 4 + length]
    # What follows is the key itself.
    return kind.decode("ascii", "replace") if len(key) > 4 + length else None
