# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything an OpenCloud holds: accounts, groups, roles, personal drives, app tokens."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from standins.cloud.clock import Clock
from standins.cloud.files import Files
from standins.cloud.opencloud.errors import GraphError
from standins.cloud.opencloud.settings import Settings

APPLICATION_ID = "2d1d1070-d205-4d38-841e-b55fba69cfa7"
ADMIN = "71881883-1768-46bd-a24d-a356a2afdf7f"
SPACE_ADMIN = "2aadd357-682c-406b-8874-293091995fdd"
USER = "d7beeea8-8ff4-406b-8fb6-ab2dd81e6b11"
USER_LIGHT = "38071a68-456a-4553-846a-fa67bf5596cc"
# In the order in which the server lists them.
ROLES = {SPACE_ADMIN: "Space Admin", ADMIN: "Admin", USER: "User", USER_LIGHT: "User Light"}
# From source, services/settings/pkg/store/defaults/defaults.go: the others may not make a drive, not even their own.
_MAY_HAVE_DRIVE = (SPACE_ADMIN, ADMIN, USER)


@dataclass
class Drive:
    """A personal drive. quota: bytes as they were set, 0 or less without limit, None: never set; changed: when it last
    changed, seconds since 1970."""

    name: str
    quota: int | None
    changed: float
    files: Files = field(default_factory=Files)
    tag: str = ""

    @property
    def limit(self) -> int:
        """Bytes that it may hold; 0: any number."""
        return max(0, self.quota or 0)

    def touch(self, now: float) -> None:
        """Note a change: a new time and a new eTag."""
        self.changed = now
        self.tag = secrets.token_hex(16)


@dataclass(frozen=True)
class AppToken:
    """A password for programs. hash: what lists show and what deletes it; expires: seconds since 1970."""

    secret: str
    hash: str
    label: str
    created: float
    expires: float


@dataclass
class User:
    """An account. enabled None: never set, which means yes. known_to_issuer: its record names the identity provider,
    as the first administrator's does. drive None: it has not logged in yet."""

    id: str
    name: str
    display_name: str
    password: str | None
    mail: str | None
    surname: str
    given_name: str | None = None
    enabled: bool | None = None
    language: str = "en"
    known_to_issuer: bool = False
    drive: Drive | None = None
    app_tokens: list[AppToken] = field(default_factory=list)

    @property
    def may_log_in(self) -> bool:
        """False for a disabled account."""
        return self.enabled is not False


@dataclass
class Group:
    """A group; members: ids of accounts in the order in which they came."""

    id: str
    name: str
    members: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """The one role that an account has."""

    id: str
    role: str
    account: str


class Cloud:
    """All that one server holds."""

    def __init__(self, settings: Settings, clock: Clock, admin: tuple[str, str]) -> None:
        self.settings = settings
        self.clock = clock
        self.storage = str(uuid.uuid4())
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.assignments: dict[str, Assignment] = {}
        self._names: dict[str, User] = {}
        name, password = admin
        first = User(str(uuid.uuid4()), name, "Admin", password, "admin@example.org", "Admin", "Admin")
        first.known_to_issuer = True
        self.add_user(first, ADMIN)
        self.note_login(first, with_role_quota=True)

    def add_user(self, user: User, role: str = USER) -> None:
        """Take in an account. Raises GraphError 409 when the name is taken, in whatever case."""
        if user.name.lower() in self._names:
            raise GraphError(409, "a user with that name already exists")
        self.users[user.id] = user
        self._names[user.name.lower()] = user
        self.assign(user.id, role)

    def user_named(self, name: str) -> User | None:
        """The account of that user name; case does not matter."""
        return self._names.get(name.lower())

    def find_user(self, name_or_id: str) -> User | None:
        """The account of that id or user name."""
        return self.users.get(name_or_id) or self.user_named(name_or_id)

    def rename_user(self, user: User, name: str) -> None:
        """Give it another user name. Raises GraphError 409."""
        holder = self._names.get(name.lower())
        if holder is not None and holder is not user:
            raise GraphError(409, "a user with that name already exists")
        del self._names[user.name.lower()]
        user.name = name
        self._names[name.lower()] = user

    def remove_user(self, user: User) -> None:
        """Forget the account with its drive, tokens and memberships."""
        del self.users[user.id]
        del self._names[user.name.lower()]
        self.assignments.pop(user.id, None)
        for group in self.groups.values():
            group.members.pop(user.id, None)

    def find_group(self, name_or_id: str) -> Group | None:
        """The group of that id or name; case of the name does not matter."""
        found = self.groups.get(name_or_id)
        return found or next((one for one in self.groups.values() if one.name.lower() == name_or_id.lower()), None)

    def add_group(self, name: str) -> Group:
        """A new group."""
        group = Group(str(uuid.uuid4()), name)
        self.groups[group.id] = group
        return group

    def groups_of(self, user: User) -> Iterator[Group]:
        """The groups in which the account is."""
        return (group for group in self.groups.values() if user.id in group.members)

    def assign(self, account: str, role: str) -> Assignment:
        """Give the account that role in place of the one it has."""
        self.assignments[account] = Assignment(str(uuid.uuid4()), role, account)
        return self.assignments[account]

    def role_of(self, user: User) -> str | None:
        """The id of its role; None when it was taken away."""
        assignment = self.assignments.get(user.id)
        return assignment.role if assignment else None

    def is_admin(self, user: User) -> bool:
        """True for those who may manage accounts."""
        return self.role_of(user) == ADMIN

    def note_login(self, user: User, *, with_role_quota: bool) -> None:
        """Make the personal drive at the first authenticated request, when the role permits one.

        From source, services/proxy/pkg/middleware/create_home.go: with_role_quota is False for a log-in by app token,
        which brings no roles along and so no quota by role.
        """
        role = self.role_of(user)
        if user.drive is None and role in _MAY_HAVE_DRIVE:
            quota = self.settings.role_quotas.get(role) if with_role_quota else None
            user.drive = Drive(user.display_name, quota or self.settings.max_quota or None, self.clock.now())
            user.drive.touch(self.clock.now())

    def set_quota(self, drive: Drive, quota: int) -> None:
        """Set it. Raises GraphError 400 above the highest that is permitted, also for a negative one.

        From source, vendor/…/reva/v2/pkg/storage/pkg/decomposedfs/spaces.go; 0 then means the highest.
        """
        highest = self.settings.max_quota
        if highest and not 0 <= quota <= highest:
            raise GraphError(400, "decompsedFS: requested quota is higher than allowed", "notAllowed")
        drive.quota = quota or highest

    def drive_id(self, user: User) -> str:
        """The id that the account's personal drive has or will have."""
        return f"{self.storage}${user.id}"

    def owner_of_drive(self, drive_id: str) -> tuple[User, Drive] | None:
        """The account whose personal drive that is, with the drive; None while there is none."""
        storage, _, account = drive_id.partition("$")
        user = self.users.get(account) if storage == self.storage else None
        return (user, user.drive) if user and user.drive else None
