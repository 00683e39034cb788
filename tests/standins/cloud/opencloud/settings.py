# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test chooses of an OpenCloud: the object `opencloud` of the configuration file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

_Check = Callable[[object], bool]


class SettingsRefused(Exception):
    """A key that does not exist, or a value of the wrong kind."""


@dataclass(frozen=True)
class Settings:
    """How the server is set up. The recorded one had Basic authentication on and everything else as here.

    basic_auth: user name and password are taken (PROXY_ENABLE_BASIC_AUTH; off on a new server).
    app_tokens: the service auth-app runs, and its tokens are taken as passwords (PROXY_ENABLE_APP_AUTH).
    impersonation: administrators may make tokens of other accounts (AUTH_APP_ENABLE_IMPERSONATION).
    bearer_tokens: OIDC access tokens that are valid, each with the user name it belongs to.
    directory_read_only: accounts and groups are kept elsewhere (OC_LDAP_SERVER_WRITE_ENABLED=false).
    role_quotas: role id to bytes that a new personal drive may hold (`role_quotas` of the proxy).
    max_quota: bytes that no drive may exceed, 0: any number (OC_SPACES_MAX_QUOTA).
    """

    basic_auth: bool = True
    app_tokens: bool = False
    impersonation: bool = False
    bearer_tokens: Mapping[str, str] = field(default_factory=dict)
    directory_read_only: bool = False
    role_quotas: Mapping[str, int] = field(default_factory=dict)
    max_quota: int = 0


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _maps_to(kind: type) -> _Check:
    return lambda value: isinstance(value, dict) and all(type(item) is kind for item in value.values())


_CHECKS: dict[str, _Check] = {
    "basic_auth": _is_flag,
    "app_tokens": _is_flag,
    "impersonation": _is_flag,
    "bearer_tokens": _maps_to(str),
    "directory_read_only": _is_flag,
    "role_quotas": _maps_to(int),
    "max_quota": lambda value: type(value) is int and value >= 0,
}


def read(data: Mapping[str, object]) -> Settings:
    """The settings in `data`. Raises SettingsRefused."""
    unknown = set(data) - {one.name for one in fields(Settings)}
    if unknown:
        raise SettingsRefused(f"unknown keys: {', '.join(sorted(unknown))}")
    wrong = [name for name, value in data.items() if not _CHECKS[name](value)]
    if wrong:
        raise SettingsRefused(f"of the wrong kind: {', '.join(wrong)}")
    return Settings(**data)  # type: ignore[arg-type]
