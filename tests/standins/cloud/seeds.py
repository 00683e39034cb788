# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts at once, and accounts that no call can make: of another backend, or gone from theirs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from standins.cloud.account import DATABASE, Account, Backend
from standins.cloud.files import Files
from standins.cloud.quota import normalise
from standins.cloud.state import Cloud, Group


class SeedRefused(Exception):
    """The order for accounts makes no sense."""


@dataclass(frozen=True)
class Seed:
    """Accounts to be made. In name, display_name, email and manager `{number}` is replaced ("user_{number:05d}").

    first, count: the numbers. groups, subadmin: made where missing. quota: as over the API. used: bytes in use; such
    an account has logged in, now or at last_login (seconds since 1970). password: None gives them one that nobody
    knows. second_factors: providers that are enabled for them. backend: anything but "Database" may be neither renamed
    nor deleted nor given a password from here, unless backend_capabilities ({"setDisplayName": …, "setPassword": …})
    says so. gone: see Account.
    """

    name: str
    first: int = 1
    count: int = 1
    display_name: str = ""
    email: str = ""
    groups: list[str] = field(default_factory=list)
    subadmin: list[str] = field(default_factory=list)
    quota: str = "default"
    used: int = 0
    enabled: bool = True
    language: str = ""
    manager: str = ""
    password: str | None = None
    last_login: int | None = None
    second_factors: list[str] = field(default_factory=list)
    backend: str = DATABASE.name
    backend_capabilities: dict[str, bool] = field(default_factory=dict)
    gone: bool = False


def seed(cloud: Cloud, wish: Mapping[str, Any]) -> int:
    """Make the accounts of `wish` (the fields of Seed); returns how many. Raises SeedRefused."""
    check_order(wish, {one.name for one in fields(Seed)})
    asked = Seed(**wish)
    backend = _backend(asked)
    password = secrets.token_urlsafe(24) if asked.password is None else asked.password
    last_login = asked.last_login if asked.last_login is not None else int(cloud.clock.now()) if asked.used else 0
    asked = replace(asked, quota=normalise(asked.quota))
    accounts = [
        Account(
            filled(asked.name, number),
            password,
            cloud.config,
            backend=backend,
            enabled=asked.enabled,
            gone=asked.gone,
            chosen_name=filled(asked.display_name, number) or None,
            email=filled(asked.email, number) or None,
            language=asked.language,
            quota=asked.quota,
            manager=filled(asked.manager, number),
            first_login=last_login,
            last_login=last_login,
            second_factors=dict.fromkeys(asked.second_factors, True),
            files=Files(skeleton=asked.used),
        )
        for number in range(asked.first, asked.first + asked.count)
    ]
    for account in accounts:
        cloud.add(account)
    names = [account.id for account in accounts]
    for name in asked.groups:
        cloud.groups.setdefault(name, Group(name, name)).members.update(names)
    for name in asked.subadmin:
        cloud.groups.setdefault(name, Group(name, name)).subadmins.update(names)
    return len(accounts)


def check_order(wish: Mapping[str, Any], known: set[str]) -> None:
    """Raise SeedRefused for keys that are not known, and for several accounts of one name."""
    unknown = set(wish) - known
    if unknown or "name" not in wish:
        raise SeedRefused(f"name is needed; unknown keys: {', '.join(sorted(unknown)) or 'none'}")
    name, count = wish["name"], wish.get("count", 1)
    if count < 1 or (count > 1 and filled(name, 1) == filled(name, 2)):
        raise SeedRefused("count must be at least 1, and more than one account need {number} in the name")


def filled(text: str, number: int) -> str:
    """The text with `{number}` replaced. Raises SeedRefused when it has other places to fill."""
    try:
        return text.format(number=number)
    except (LookupError, ValueError) as error:
        raise SeedRefused(f"{text}: only {{number}} is replaced") from error


def _backend(asked: Seed) -> Backend:
    own = asked.backend == DATABASE.name
    may = asked.backend_capabilities
    return Backend(
        asked.backend,
        set_display_name=may.get("setDisplayName", own),
        set_password=may.get("setPassword", own),
        delete=own,
    )
