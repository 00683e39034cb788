# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration file of the stand-in: the only place from which it takes passwords."""

from __future__ import annotations

import json
import stat
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from pathlib import Path

from standins.cloud.opencloud.settings import Settings, SettingsRefused, read


class ConfigError(Exception):
    """The configuration cannot be used; `reason` says why in one line."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Config:
    """What the configuration file holds (JSON, mode 0600).

    product: which server it answers as (`products.PRODUCTS`).
    base_path: path below which the cloud lives, "" or "/cloud". port: 0 takes any free one.
    groups: groups that exist at the start, besides `admin`. request_log: file for one JSON line per request.
    tls_certificate, tls_key: PEM files; both or none. delay_seconds: added to every request.
    trusted_domains: host names that are answered; others get 400, as from a real server.
    free_space: bytes that the disk has left, as the app serverinfo says; None: it does not know.
    opencloud: how an OpenCloud is set up (`opencloud.settings.Settings`).
    """

    admin_user: str
    admin_password: str
    product: str = "nextcloud"
    port: int = 0
    base_path: str = ""
    groups: tuple[str, ...] = ()
    request_log: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    delay_seconds: float = 0.0
    trusted_domains: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    free_space: int | None = 100 * 1024**3
    opencloud: Settings = field(default_factory=Settings)

    @property
    def scheme(self) -> str:
        """`https` when a certificate is given, else `http`."""
        return "https" if self.tls_certificate else "http"


def _optional_path(path: Path, name: str, value: object) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ConfigError(path, f"{name} must be a path or null")
    return Path(value)


def _strings(path: Path, name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(path, f"{name} must be a list of texts")
    return tuple(value)


def _text(path: Path, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(path, f"{name} must be a text")
    return value


def _opencloud(path: Path, value: object) -> Settings:
    if not isinstance(value, dict):
        raise ConfigError(path, "opencloud must be an object")
    try:
        return read(value)
    except SettingsRefused as error:
        raise ConfigError(path, f"opencloud: {error}") from error


def load(path: Path, products: Collection[str]) -> Config:
    """Read and check the file. products: the known ones. Raises ConfigError when others may read it or it holds
    nonsense."""
    try:
        mode = path.stat().st_mode
        raw = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(path, "holds a password and must not be open to others (chmod 0600)")
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise ConfigError(path, "is not JSON") from error
    if not isinstance(data, dict):
        raise ConfigError(path, "must hold a JSON object")
    unknown = set(data) - {one.name for one in fields(Config)}
    if unknown:
        raise ConfigError(path, f"unknown keys: {', '.join(sorted(unknown))}")
    if not data.get("admin_user") or not data.get("admin_password"):
        raise ConfigError(path, "admin_user and admin_password are needed")
    base_path = _text(path, "base_path", data.get("base_path", "")).rstrip("/")
    if base_path and not base_path.startswith("/"):
        raise ConfigError(path, "base_path must begin with /")
    product = data.get("product", Config.product)
    if product not in products:
        raise ConfigError(path, f"product must be one of {', '.join(sorted(products))}")
    port, delay = data.get("port", 0), data.get("delay_seconds", 0)
    if not isinstance(port, int) or not isinstance(delay, (int, float)):
        raise ConfigError(path, "port and delay_seconds must be numbers")
    free_space = data.get("free_space", Config.free_space)
    if free_space is not None and not isinstance(free_space, int):
        raise ConfigError(path, "free_space must be a number or null")
    certificate = _optional_path(path, "tls_certificate", data.get("tls_certificate"))
    key = _optional_path(path, "tls_key", data.get("tls_key"))
    if (certificate is None) != (key is None):
        raise ConfigError(path, "tls_certificate and tls_key belong together")
    return Config(
        admin_user=_text(path, "admin_user", data["admin_user"]),
        admin_password=_text(path, "admin_password", data["admin_password"]),
        product=product,
        port=port,
        base_path=base_path,
        groups=_strings(path, "groups", data.get("groups", [])),
        request_log=_optional_path(path, "request_log", data.get("request_log")),
        tls_certificate=certificate,
        tls_key=key,
        delay_seconds=float(delay),
        trusted_domains=_strings(path, "trusted_domains", data.get("trusted_domains", list(Config.trusted_domains))),
        free_space=free_space,
        opencloud=_opencloud(path, data.get("opencloud", {})),
    )
