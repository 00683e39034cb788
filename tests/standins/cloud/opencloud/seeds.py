# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts at once."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from standins.cloud.files import Files
from standins.cloud.opencloud.state import ROLES, USER, Cloud, Drive, User
from standins.cloud.seeds import SeedRefused, check_order, filled


@dataclass(frozen=True)
class Seed:
    """Accounts to be made. In name, display_name and email `{number}` is replaced ("user_{number:05d}").

    first, count: the numbers. groups: made where missing. logged_in: the account has a personal drive; quota and used
    (bytes; quota None: never set) need one. password: None gives them one that nobody knows. enabled: None leaves it
    unset, as after a creation that does not name it. role: id of one.
    """

    name: str
    first: int = 1
    count: int = 1
    display_name: str = ""
    email: str = ""
    groups: list[str] = field(default_factory=list)
    logged_in: bool = False
    quota: int | None = None
    used: int = 0
    enabled: bool | None = None
    password: str | None = None
    role: str = USER


def seed(cloud: Cloud, wish: Mapping[str, Any]) -> int:
    """Make the accounts of `wish` (the fields of Seed); returns how many. Raises SeedRefused, GraphError."""
    check_order(wish, {one.name for one in fields(Seed)})
    asked = Seed(**wish)
    if (asked.quota is not None or asked.used) and not asked.logged_in:
        raise SeedRefused("quota and used need logged_in: there is no drive before")
    if asked.role not in ROLES:
        raise SeedRefused(f"role is one of {', '.join(ROLES)}")
    users = [_user(cloud, asked, number) for number in range(asked.first, asked.first + asked.count)]
    for user in users:
        cloud.add_user(user, asked.role)
    for name in asked.groups:
        group = cloud.find_group(name) or cloud.add_group(name)
        group.members.update(dict.fromkeys(user.id for user in users))
    return len(users)


def _user(cloud: Cloud, asked: Seed, number: int) -> User:
    name = filled(asked.name, number)
    display_name = filled(asked.display_name, number) or name
    password = secrets.token_urlsafe(24) if asked.password is None else asked.password
    email = filled(asked.email, number) or None
    user = User(str(uuid.uuid4()), name, display_name, password, email, name, enabled=asked.enabled)
    if asked.logged_in:
        now = cloud.clock.now()
        user.drive = Drive(display_name, asked.quota, now, Files(skeleton=asked.used))
        user.drive.touch(now)
    return user
