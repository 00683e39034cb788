# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that keeps one log-in from task to task, so that the cloud does not check the password each time.

Who can read it can act as the administrator until the session ends, and who can write it can have us act as somebody
else. So it counts only when it and its directory belong to us and nobody else may do anything with them; otherwise it
is left alone, with a warning, and the task logs in. It ends 25 minutes after the log-in, however often it is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import stat
import time
import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Password
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import Cookie

MAX_SESSION_SECONDS = 25 * 60.0
"""A session's log-in confirms writes for 30 minutes (seen on Nextcloud 31: minute 30 yes, minute 31 no)."""

_MAX_BYTES = 64 * 1024
_SALT_BYTES = 16
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""16 MiB and some 20 ms: the password of an administrator must not be guessed from a file that was found."""


class _Refused(Exception):
    """The file may not be used; the words say why."""


@dataclass(frozen=True)
class Kept:
    """A session of an earlier task."""

    cookies: tuple[Cookie, ...]
    age: float
    """Seconds since its log-in."""


@dataclass(frozen=True)
class _Content:
    """What is in a file."""

    belongs_to: t.Mapping[str, t.Any]
    logged_in_at: float
    salt: bytes
    mark: bytes
    cookies: tuple[Cookie, ...]


class SessionFile:
    """The file of one cloud's session.

    :param path: where it is.
    :param endpoint: of the cloud; a session of another address, or found by another ``ca_path``, is not used.
    :param credentials: whose session it is; one of other credentials is not used.
    :param now: returns seconds since 1970.
    """

    def __init__(
        self, path: str, endpoint: Endpoint, credentials: Password, now: t.Callable[[], float] = time.time
    ) -> None:
        self._directory, self._name = os.path.split(os.path.abspath(path))
        self._belongs_to = {"address": endpoint.base, "ca_path": endpoint.verify}
        self._credentials = json.dumps([credentials.username, credentials.password]).encode()
        self._now = now
        self.warnings: tuple[str, ...] = ()
        """Why the file is not used, though it should be."""

    def read(self) -> Kept | None:
        """Return the session that the file keeps; None: it keeps none that may be used. One that is not ours, or too
        old, is removed."""
        try:
            with self._opened() as directory:
                content = self._content(directory)
                if content is None:
                    return None
                kept = self._session_in(content)
                if kept is None:
                    os.unlink(self._name, dir_fd=directory)
                return kept
        except FileNotFoundError:  # another task was faster
            return None
        except _Refused as error:
            self._warn(str(error))
        except OSError as error:
            self._warn(f"{error.strerror}.")
        return None

    def is_of_cloud(self) -> bool:
        """Whether the file keeps a session of this cloud that has not ended, whosever it is."""
        try:
            with self._opened() as directory:
                content = self._content(directory)
            return content is not None and self._age(_parsed(content, self._name)) is not None
        except (_Refused, OSError):  # reading the session will tell
            return False

    def write(self, cookies: t.Sequence[Cookie], age: float) -> None:
        """Keep a session, in the place of any other. One that cannot be kept is lost, which costs the next task a
        log-in.

        :param age: seconds since its log-in.
        """
        if self.warnings or age >= MAX_SESSION_SECONDS or not all(map(_is_sendable, cookies)):
            return
        # ValueError: an OpenSSL without scrypt, in FIPS mode for instance. OSError: a full disk.
        with contextlib.suppress(_Refused, OSError, ValueError), self._opened() as directory:
            salt = secrets.token_bytes(_SALT_BYTES)
            self._replace(
                directory,
                {
                    **self._belongs_to,
                    "logged_in_at": self._now() - age,
                    "salt": salt.hex(),
                    "credentials": self._mark(salt).hex(),
                    "cookies": [asdict(cookie) for cookie in cookies],
                },
            )

    def discard(self) -> None:
        """Forget the session, which the cloud has refused."""
        with contextlib.suppress(_Refused, OSError), self._opened() as directory:
            os.unlink(self._name, dir_fd=directory)

    def _warn(self, reason: str) -> None:
        self.warnings = (f"session_path is not used, and the task logs in: {reason}",)

    @contextlib.contextmanager
    def _opened(self) -> t.Iterator[int]:
        """Open the directory, which everything that follows is relative to: nobody can put another in its place.

        :raises _Refused: when others may use it.
        :raises OSError: when it cannot be opened.
        """
        try:
            directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise _Refused(f"there is no directory {self._directory}.") from None
        try:
            _require_private(os.fstat(directory), f"the directory {self._directory}", "0700")
            yield directory
        finally:
            os.close(directory)

    def _content(self, directory: int) -> bytes | None:
        """Return what is in the file; None: there is none.

        :raises _Refused: when it is not a file of ours alone.
        :raises OSError: when it cannot be read.
        """
        try:
            # Not blocking: it may be a pipe.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(self._name, flags, dir_fd=directory)
        except FileNotFoundError:
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _Refused(f"{self._name} is not a file.")
            _require_private(status, self._name, "0600")
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(_MAX_BYTES)
        finally:
            os.close(descriptor)

    def _session_in(self, content: bytes) -> Kept | None:
        """Return the session in the file; None: it belongs to another cloud or other credentials, or is too old.

        :raises _Refused: when it is none.
        """
        found = _parsed(content, self._name)
        if not all(map(_is_sendable, found.cookies)):
            raise _Refused(f"{self._name} holds cookies that cannot be sent.")
        age = self._age(found)
        if age is None or not hmac.compare_digest(self._mark(found.salt), found.mark):
            return None
        return Kept(found.cookies, age)

    def _age(self, found: _Content) -> float | None:
        """Return the seconds since the log-in; None: it is another cloud's, or has ended."""
        age = self._now() - found.logged_in_at
        # A log-in yet to come: the clock was set back since.
        return age if found.belongs_to == self._belongs_to and 0 <= age < MAX_SESSION_SECONDS else None

    def _mark(self, salt: bytes) -> bytes:
        """Return what tells these credentials from others, and nothing else of them."""
        return hashlib.scrypt(self._credentials, salt=salt, **_SCRYPT)

    def _replace(self, directory: int, content: t.Mapping[str, t.Any]) -> None:
        """Put the file in its place in one piece; a link there is replaced, not followed."""
        new = f".{self._name}.{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            with open(os.open(new, flags, 0o600, dir_fd=directory), "w", encoding="utf-8") as file:
                json.dump(content, file)
            os.rename(new, self._name, src_dir_fd=directory, dst_dir_fd=directory)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(new, dir_fd=directory)
            raise


def _parsed(content: bytes, name: str) -> _Content:
    """Return what is in the file ``name``.

    :raises _Refused: when it is no session.
    """
    try:
        found = json.loads(content)
        return _Content(
            {key: found[key] for key in ("address", "ca_path")},
            float(found["logged_in_at"]),
            bytes.fromhex(found["salt"]),
            bytes.fromhex(found["credentials"]),
            tuple(Cookie(**cookie) for cookie in found["cookies"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise _Refused(f"{name} holds something else.") from None


def _require_private(status: os.stat_result, what: str, mode: str) -> None:
    """Check that something belongs to us, and that others may do nothing with it.

    :raises _Refused: see there.
    """
    if status.st_uid != os.geteuid():
        raise _Refused(f"{what} belongs to the user number {status.st_uid}, not to {os.geteuid()}.")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise _Refused(f"the mode of {what} is {stat.S_IMODE(status.st_mode):04o}, it must be {mode}.")


def _is_sendable(cookie: Cookie) -> bool:
    """Whether a cookie can be part of a header."""
    texts = (cookie.name, cookie.value, cookie.domain, cookie.path)
    return (
        all(isinstance(text, str) and text.isascii() and text.isprintable() and ";" not in text for text in texts)
        and bool(cookie.name)
        and isinstance(cookie.secure, bool)
    )
