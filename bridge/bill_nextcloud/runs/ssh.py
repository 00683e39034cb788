# SPDX-License-Identifier: GPL-3.0-or-later
"""Worker hosts as ``ssh://`` addresses, and the command that opens a connection to one."""

from __future__ import annotations

import ipaddress
import re
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
    if port == 0 or not _USER.fullmatch(user) or not _is_host(host) or url.lower() != expected.lower():
        raise ValueError(f"{_FORM}: {url}")
    return Address(user, host, 22 if port is None else port)


def _is_host(text: str) -> bool:
    if ":" not in text:
        return _NAME.fullmatch(text) is not None
    try:
        return ipaddress.IPv6Address(text).scope_id is None
    except ValueError:
        return False


def command(
    address: Address, remote_command: str, *, identity_file: Path | None, known_hosts: Path | None, connect_timeout: int
) -> list[str]:
    """The ``ssh`` command that runs ``remote_command`` at ``address``: nobody is asked, nothing is forwarded, the
    host's key must be known, and ssh's own configuration files are not read.

    ``known_hosts``: ``None`` for ssh's own files; ``connect_timeout`` in seconds.
    """
    options = {
        "BatchMode": "yes",
        "ClearAllForwardings": "yes",
        "ConnectTimeout": str(connect_timeout),
        "ControlPath": "none",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "PasswordAuthentication": "no",
        "PermitLocalCommand": "no",
        "ServerAliveCountMax": str(_ALIVE_COUNT),
        "ServerAliveInterval": str(_ALIVE_INTERVAL),
        "StrictHostKeyChecking": "yes",
        "TCPKeepAlive": "yes",
        "UpdateHostKeys": "no",
    }
    if identity_file is not None:
        options |= {"IdentityFile": str(identity_file), "IdentitiesOnly": "yes", "IdentityAgent": "none"}
    if known_hosts is not None:
        options |= {"UserKnownHostsFile": str(known_hosts), "GlobalKnownHostsFile": "none"}
    set_options = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    target = ["-p", str(address.port), "-l", address.user, "--", address.host, remote_command]
    return ["ssh", "-F", "none", "-T", *set_options, *target]
