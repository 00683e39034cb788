# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker host's own way into the clouds: a file of ``https://cloud.example.com: {username, password, ca_file,
bearer_token}``, and of what ``cloud_server.PARAMETERS`` are called where occ is run over SSH."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import platform
import stat
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from bill_nextcloud.cloud_server import API, BY_SSH, OCC, CloudServer
from bill_nextcloud.errors import WorkerCredentialsMissing, WorkerCredentialsUnusable
from bill_nextcloud.lock import cloud_address
from bill_nextcloud.runs.run import Access

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    username: str | None = None
    password: str = Field(default="", min_length=1, repr=False)
    ca_file: str | None = None
    bearer_token: bool = False
    transport: Literal["api", "occ", "auto"] = API
    ssh_host: str = ""
    ssh_port: int = 22
    ssh_user: str = ""
    ssh_key_file: str = ""
    ssh_host_keys: str = ""
    occ_path: str = ""
    php_path: str = ""
    occ_command: str = ""

    @property
    def server(self) -> CloudServer | None:
        """Where occ is run, if it may be. Raises ``cloud_server.ServerUnusable``."""
        values = {name: str(value) for name, value in self.model_dump(exclude={"password"}).items()}
        return CloudServer.of(values) if self.transport in BY_SSH else None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.password and self.transport != OCC:
            raise ValueError("password is missing")
        _ = self.server
        return self


def access(file: Path, url: str, username: str) -> Access:
    """How this host reaches the cloud at ``url``, at the address that ``file`` has for it: nobody else chooses where a
    password is sent. ``username`` is the one where ``file`` names none.

    Raises :class:`WorkerCredentialsUnusable`, :class:`WorkerCredentialsMissing`.
    """
    found = {address: entry for address, entry in _read(file).items() if cloud_address(address) == cloud_address(url)}
    if not found:
        raise WorkerCredentialsMissing(host=platform.node(), file=file, address=url)
    if len(found) > 1:
        raise _unusable(file, f"{' and '.join(found)} are one cloud")
    ((address, entry),) = found.items()
    ca_file = Path(entry.ca_file) if entry.ca_file else None
    return Access(
        address.strip().rstrip("/"),
        entry.username or username,
        entry.password,
        ca_file,
        entry.bearer_token,
        entry.transport,
        entry.server,
    )


def mark(access: Access) -> str:
    """Tells one set of credentials of this host from another; the bridge keeps it.

    Made with a key that only this host has, random for each boot, so that no password can be guessed from it. (After a
    boot, credentials look new once.)
    """
    key = _BOOT.read_bytes().strip()
    parts = [access.url, access.username, access.password, str(access.ca_file), access.bearer_token, access.transport]
    parts.append(repr(access.server))
    return hmac.new(key, json.dumps(parts).encode(), hashlib.sha256).hexdigest()[:32]


def _read(file: Path) -> dict[str, _Entry]:
    try:
        with file.open(encoding="utf-8") as opened:
            status = os.fstat(opened.fileno())
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise _unusable(file, f"its mode is {stat.S_IMODE(status.st_mode):04o}, it must be 0600")
            if status.st_uid != os.geteuid():
                raise _unusable(file, f"it belongs to the user number {status.st_uid}, not to {os.geteuid()}")
            return TypeAdapter(dict[str, _Entry]).validate_python(yaml.safe_load(opened) or {})
    except OSError as error:
        raise _unusable(file, error.strerror) from error
    except yaml.MarkedYAMLError as error:
        # Only the place: the rest may show what stands there.
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise _unusable(file, f"no YAML in line {line}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise _unusable(file, "no YAML") from None
    except ValidationError as error:
        detail = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise _unusable(file, detail) from None


def _unusable(file: Path, detail: object) -> WorkerCredentialsUnusable:
    return WorkerCredentialsUnusable(host=platform.node(), file=file, detail=detail)
