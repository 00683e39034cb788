# SPDX-License-Identifier: GPL-3.0-or-later
"""The server under test: a stand-in made for the run, or a real server named in the environment.

Everything the suite makes begins with `rec-` and is removed before and after.
"""

from __future__ import annotations

import re
import secrets
from abc import ABC, abstractmethod
from http.cookiejar import DefaultCookiePolicy
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import requests
from standins.cloud.process import StandinCloud

PREFIX = "rec-"
# The suite's own accounts sort after all recorded ones, so that recorded pages stay as they are.
OWN = "rec-zz-"
PASSWORDS = {
    "good": "Rec-good-0-tablecloth-Wombat",
    "second": "Rec-second-1-tablecloth-Wombat",
    "subadmin": "Rec-subadmin-2-tablecloth-Wombat",
    "short": "Sh0rt!",
    "common": "passwordpassword",
    "long": "Lo0ng-" * 80,
    "onlylower": "rec-onlylower-tablecloth-wombat",
}
Credentials = tuple[str, str]
_OCS = {"OCS-APIRequest": "true"}
_OCS_SUCCESS = (100, 200)
_ADMIN_IN_PATH = re.compile(r"/(users|files)/admin(?=/|$)")


class SetupFailed(Exception):
    """A call that only prepares a recording did not work."""


class Server(ABC):
    """One server and the accounts that act on it, whatever its API is."""

    def __init__(self, url: str, admin: Credentials, standin: StandinCloud | None) -> None:
        self.url = url.rstrip("/")
        self.base_path = urlsplit(self.url).path
        self.standin = standin
        self._owner = admin
        self._admins: list[Credentials] = []
        self._session = requests.Session()
        # Every request logs in anew, as the recorded ones did.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    @property
    def real(self) -> bool:
        """True for a server that the suite did not start."""
        return self.standin is None

    @property
    def acting_admin(self) -> str:
        """Id of the account that stands for `admin` now."""
        return self._admins[-1][0]

    @abstractmethod
    def prepare(self) -> None:
        """Clean up, make the acting administrator, and measure what differs between servers."""

    @abstractmethod
    def remove_everything(self, *, with_admins: bool) -> None:
        """Remove all accounts and groups that begin with `rec-`; the suite's own accounts only with_admins."""

    def close(self) -> None:
        """Remove everything the run made."""
        self.remove_everything(with_admins=True)
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        auth: Credentials | None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        cookies: dict[str, str] | None = None,
    ) -> requests.Response:
        """Send one request. path: percent-encoded, below the server's address. Redirects are not followed."""
        sent = dict(headers or {})
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        request = self._session.prepare_request(requests.Request(method, self.url, headers=sent, data=body, auth=auth))
        request.url = self.url + path + (f"?{urlencode(query)}" if query else "")
        return self._session.send(request, timeout=120, allow_redirects=False)

    def admin(self, method: str = "GET", path: str = "") -> Credentials:
        """The admin account that sends this request."""
        return self._admins[-1] if self._admins else self._owner

    def own_path(self, path: str) -> str:
        """A recorded path as it is on this server: the acting administrator stands for `admin`."""
        return _ADMIN_IN_PATH.sub(rf"/\1/{self.acting_admin}", path)

    def own_text(self, text: str) -> str:
        """A recorded body as it is sent to this server."""
        return text

    def credentials(self, kind: str, method: str, path: str) -> tuple[Credentials | None, dict[str, str]]:
        """Credentials and cookies of a recorded kind of log-in. Raises ValueError for an unknown kind."""
        if kind == "none":
            return None, {}
        if kind.startswith("user:"):
            name = kind.removeprefix("user:")
            return (name, PASSWORDS["subadmin" if name == "rec-sub" else "good"]), {}
        if kind == "admin-wrong-password":
            return (self.acting_admin, "wrong-password-of-admin"), {}
        if kind == "unknown-user":
            return ("rec-nobody", "wrong-password-of-nobody"), {}
        if kind != "admin":
            raise ValueError(f"unknown kind of log-in: {kind}")
        return self.admin(method, path), {}


ServerT = TypeVar("ServerT", bound=Server)


class OcsServer(Server):
    """A server with the OCS provisioning API."""

    # Below /ocs: the version of the API by which recordings are prepared.
    version: ClassVar[str]
    # What an acting administrator is made with besides name, password and group.
    admin_settings: ClassVar[dict[str, str]] = {}

    def __init__(self, url: str, admin: Credentials, standin: StandinCloud | None) -> None:
        super().__init__(url, admin, standin)
        # Bytes that the example files of a new account take here.
        self.skeleton = 0

    def prepare(self) -> None:
        """See `Server`. Differs between servers: the size of the example files."""
        self.remove_everything(with_admins=True)
        self.new_admin()
        probe = f"{OWN}probe"
        self.create_user(probe)
        self.before_first_login(probe)
        answer = self.send("PROPFIND", f"/remote.php/dav/files/{probe}/", auth=(probe, PASSWORDS["good"]))
        if answer.status_code != 207:
            raise SetupFailed(f"first log-in of {probe}: HTTP {answer.status_code}")
        self.skeleton = int(self.read_user(probe)["quota"]["used"])
        self.setup("DELETE", f"/cloud/users/{probe}")

    def before_first_login(self, probe: str) -> None:
        """What else is to be measured on a new account, or set for its first log-in."""

    def setup(
        self,
        method: str,
        path: str,
        *,
        auth: Credentials | None = None,
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> Any:
        """A call that prepares a recording; raises SetupFailed unless it succeeds. Returns the data."""
        body = urlencode(form or {}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **_OCS} if form else _OCS
        answer = self.send(
            method,
            f"/ocs/{self.version}{path}",
            auth=auth or self.admin(method, path),
            query={"format": "json", **(query or {})},
            headers=headers,
            body=body,
        )
        failed = SetupFailed(f"{method} {path}: HTTP {answer.status_code} {answer.text[:200]}")
        if answer.status_code != 200 or not answer.content:
            raise failed
        content = answer.json()["ocs"]
        if content["meta"]["statuscode"] not in _OCS_SUCCESS:
            raise failed
        return content["data"]

    def new_admin(self) -> Credentials:
        """Make a further admin account; it becomes the acting one."""
        # A name never used before: a real server may count edits by name, also those of an account that is gone.
        name, password = f"{OWN}admin-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
        form = {"userid": name, "password": password, "groups[]": "admin", **self.admin_settings}
        self.setup("POST", "/cloud/users", auth=self._owner, form=form)
        self._admins.append((name, password))
        return name, password

    def create_user(self, name: str) -> None:
        """Make an account with the good password."""
        self.setup("POST", "/cloud/users", form={"userid": name, "password": PASSWORDS["good"]})

    def read_user(self, name: str) -> dict[str, Any]:
        """The account's record."""
        record: dict[str, Any] = self.setup("GET", f"/cloud/users/{quote(name)}")
        return record

    def remove_everything(self, *, with_admins: bool) -> None:
        """See `Server`."""
        users = self.setup("GET", "/cloud/users", auth=self._owner, query={"search": PREFIX})["users"]
        for name in users:
            if name.startswith(PREFIX) and (with_admins or not name.startswith(OWN)):
                self.setup("DELETE", f"/cloud/users/{quote(name)}", auth=self._owner)
        self.remove_groups()
        if with_admins:
            self._admins.clear()

    @abstractmethod
    def remove_groups(self) -> None:
        """Remove all groups that begin with `rec-`."""
