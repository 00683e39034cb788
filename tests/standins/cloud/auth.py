# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asking: Basic authentication, sessions by cookie, the 30-minute write permission, brute-force counting."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from standins.cloud.account import Account
from standins.cloud.clock import Clock
from standins.cloud.state import Cloud

SESSION_COOKIE = "ocstandin"
# A client proves that it keeps cookies by sending this one back; only then does a log-in with the account's password
# begin a session. So the first two requests of a client both log in, and the third is the first to use the session.
TEST_COOKIE = "cookie_test"
_CONFIRMED_FOR = 30 * 60 + 15  # seconds a log-in permits writing; the real server grants 15 s on top of 30 minutes
_SESSION_LIFE = 24 * 3600
_MAX_SESSIONS = 20_000
MAX_ATTEMPTS = 10
_ATTEMPT_WINDOW = 30 * 60
_DELAY_WINDOW = 12 * 3600
_MAX_DELAY_MS = 25_000


class WrongLogin(Exception):
    """User name or password is wrong."""


class AccountDisabled(Exception):
    """The log-in is right, but the account is disabled."""


class LoginBlocked(Exception):
    """Too many wrong log-ins from this address."""


class SkeletonFailed(Exception):
    """The first log-in could not copy the example files into the account's quota."""


@dataclass
class Session:
    """A log-in that a cookie continues."""

    id: str
    account: Account
    confirmed_at: float


@dataclass(frozen=True)
class Login:
    """The result of a successful log-in.

    new: the password was checked, and a session cookie is to be set. test: the test cookie is to be set, as this
    log-in's session ends with the request. first: the first log-in ever of the account.
    """

    session: Session
    new: bool
    test: bool = False
    first: bool = False

    @property
    def account(self) -> Account:
        """The account that acts."""
        return self.session.account


class Throttle:
    """Counts wrong log-ins by address, as Nextcloud's brute-force protection does. It never delays."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempts: dict[str, list[tuple[float, str]]] = {}

    def _count(self, address: str, window: float) -> int:
        since = self._clock.now() - window
        return sum(1 for at, _ in self._attempts.get(address, ()) if at > since)

    def check(self, address: str) -> None:
        """Raise LoginBlocked after more than ten wrong log-ins within 30 minutes."""
        if self._count(address, _ATTEMPT_WINDOW) > MAX_ATTEMPTS:
            raise LoginBlocked(address)

    def failed(self, address: str, user: str) -> None:
        """Note a wrong log-in."""
        self._attempts.setdefault(address, []).append((self._clock.now(), user))

    def succeeded(self, address: str, user: str) -> None:
        """A right log-in clears the attempts on its own account only."""
        if address in self._attempts:
            self._attempts[address] = [(at, name) for at, name in self._attempts[address] if name != user]

    def reset(self) -> None:
        """Forget everything (the real server: occ security:bruteforce:reset)."""
        self._attempts.clear()

    def delay_ms(self, address: str) -> int:
        """The delay a real server would impose now; only told in the capabilities."""
        attempts = self._count(address, _DELAY_WINDOW)
        if attempts > MAX_ATTEMPTS:
            return _MAX_DELAY_MS
        return 0 if attempts == 0 else min(_MAX_DELAY_MS, 100 * 2**attempts)


def basic_credentials(header: str | None) -> tuple[str, str] | None:
    """User name and password of an Authorization header; None when there are none or one is empty."""
    if not header or not header.lower().startswith("basic "):
        return None
    try:
        user, _, password = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if user and password else None


class Authenticator:
    """Turns a request's headers and cookies into an account."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        self._cloud = cloud
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self.throttle = Throttle(clock)

    def login(self, cookies: Mapping[str, str], credentials: tuple[str, str] | None, address: str) -> Login | None:
        """Continue the cookie's session, else log in with the credentials; None when neither is given.

        In a release that takes a wrong log-in for none: also None for that, and nobody is blocked.

        A valid session wins: user name and password sent along are then not looked at, not even another account's,
        and the permission to write is not renewed. Raises LoginBlocked, WrongLogin, AccountDisabled, SkeletonFailed.
        """
        session = self._continued(cookies)
        if session is not None:
            return Login(session, new=False)
        if credentials is None:
            return None
        user, password = credentials
        if not self._cloud.release.wrong_login_is_none:
            self.throttle.check(address)
        account = self._cloud.find(user)
        if account is None or not _password_fits(account, password):
            self.throttle.failed(address, user)
            if self._cloud.release.wrong_login_is_none:
                return None
            raise WrongLogin(user)
        if not account.enabled:
            raise AccountDisabled(user)
        self.throttle.succeeded(address, user)
        first = self._note_login(account)
        session = Session(self._cloud.new_token(), account, self._clock.now())
        lasting = TEST_COOKIE in cookies or password in account.app_passwords
        if lasting:
            self._keep(session)
        return Login(session, new=True, test=not lasting, first=first)

    def may_write(self, session: Session) -> bool:
        """False from 30 minutes after the log-in on."""
        return session.confirmed_at >= self._clock.now() - _CONFIRMED_FOR

    def _continued(self, cookies: Mapping[str, str]) -> Session | None:
        session = self._sessions.get(cookies.get(SESSION_COOKIE, ""))
        if session is None or session.confirmed_at < self._clock.now() - _SESSION_LIFE:
            return None
        alive = session.account.enabled and self._cloud.find(session.account.id) is session.account
        return session if alive else None

    def _keep(self, session: Session) -> None:
        if len(self._sessions) >= _MAX_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[session.id] = session

    def _note_login(self, account: Account) -> bool:
        now = int(self._clock.now())
        first = account.last_login == 0
        if now - account.last_login > 60:
            account.last_login = now
        account.first_login = account.first_login or now
        if first:
            self._copy_skeleton(account)
        return first

    def _copy_skeleton(self, account: Account) -> None:
        """Fill the account at its first log-in."""
        if not account.files.copy_skeleton(account.release.skeleton, account.quota_bytes):
            raise SkeletonFailed(account.id)


def _password_fits(account: Account, password: str) -> bool:
    known = (account.password, *account.app_passwords)
    return any(hmac.compare_digest(one.encode(), password.encode()) for one in known)
