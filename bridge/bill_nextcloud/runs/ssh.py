# SPDX-License-Identifier: GPL-3.0-or-later
"""Worker hosts as ``ssh://`` addresses, and the command that opens a connection to one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_SCHEME = re.compile(r"[A-Za-z0-9]*://")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_FORM = "must be ssh://user@host or ssh://user@host:port"
# So that a dead host is noticed after half a minute.
_ALIVE_INTERVAL = 10
_ALIVE_COUNT = 3


@dataclass(frozen=True)
class Address:
    """Where to log in."""

    user: str
    host: str
    port: int


def parse(url: str) -> Address:
    """The parts of ``ssh://user@host[:port]``. Raises ``ValueError`` for anything else, in words without a password."""
    if ":" in _SCHEME.sub("", url).rpartition("@")[0]:
        raise ValueError(f"{_FORM}, without a password")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"{_FORM}: {url}") from None
    user, host = parts.username or "", parts.hostname or ""
    expected = f"ssh://{user}@{f'[{host}]' if ':' in host else host}{'' if port is None else f':{port}'}"
    if port == 0 or not is_user(user) or not is_host(host) or url.lower() != expected.lower():
        raise ValueError(f"{_FORM}: {url}")
    return Address(user, host, 22 if port is None else port)


def is_user(text: str) -> bool:
    """Whether ``text`` can be the name of a user: no option of ssh."""
    return _USER.fullmatch(text) is not None


def is_path(text: str) -> bool:
    """Whether ``text`` is an absolute path that an option of ssh takes as one."""
    # These would begin another file there, or mean something else.
    return Path(text).is_absolute() and not set(text) & set(" \t\r\n\"'%$\\")


def is_host(text: str) -> bool:
    """Whether ``text`` can be the name or the address of a host: no option of ssh."""
    if ":" not in text:
        return _NAME.fullmatch(text) is not None
    try:
        return ipaddress.IPv6Address(text).scope_id is None
    except ValueError:
        return False


def command(
    address: Address, remote_command: str, *, identity_file: Path | None, known_hosts: Path | None, connect_timeout: int
) -> list[str]:
    """The ``ssh`` command that runs ``remote_command`` at ``address``, with what :func:`options` says."""
    set_options = options(
        identity_file=identity_file,
        known_hosts=known_hosts,
        connect_timeout=connect_timeout,
        more={"ControlPath": "none"},
    )
    target = ["-p", str(address.port), "-l", address.user, "--", address.host, remote_command]
    return ["ssh", *set_options, "-T", *target]


def options(
    *, identity_file: Path | None, known_hosts: Path | None, connect_timeout: int, more: Mapping[str, str]
) -> list[str]:
    """Arguments of ``ssh``: nobody is asked, nothing is forwarded, the host's key must be known, and ssh's own
    configuration files are not read.

    ``known_hosts``: ``None`` for ssh's own files; ``connect_timeout`` in seconds; ``more``: further options.
    """
    given = {
        "BatchMode": "yes",
        "ClearAllForwardings": "yes",
        "ConnectTimeout": str(connect_timeout),
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "PasswordAuthentication": "no",
        "PermitLocalCommand": "no",
        "ServerAliveCountMax": str(_ALIVE_COUNT),
        "ServerAliveInterval": str(_ALIVE_INTERVAL),
        "StrictHostKeyChecking": "yes",
        "TCPKeepAlive": "yes",
        "UpdateHostKeys": "no",
        **more,
    }
    if identity_file is not None:
        given |= {"IdentityFile": str(identity_file), "IdentitiesOnly": "yes", "IdentityAgent": "none"}
    if known_hosts is not None:
        given |= {"UserKnownHostsFile": f'"{known_hosts}"', "GlobalKnownHostsFile": "none"}
    return ["-F", "none", *(word for name, value in given.items() for word in ("-o", f"{name}={value}"))]
