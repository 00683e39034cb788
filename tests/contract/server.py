# SPDX-License-Identifier: GPL-3.0-or-later
"""The server under test: a stand-in made for the run, or a real Nextcloud named in the environment.

Everything the suite makes begins with `rec-` and is removed before and after.
"""

from __future__ import annotations

import secrets
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from standins.cloud.process import StandinCloud

PREFIX = "rec-"
# The suite's own accounts sort after all recorded ones, so that recorded pages stay as they are.
OWN = "rec-zz-"
# Nextcloud permits 50 edits in 600 s to one acting account.
_EDITS_EACH = 45
PASSWORDS = {
    "good": "Rec-good-0-tablecloth-Wombat",
    "second": "Rec-second-1-tablecloth-Wombat",
    "subadmin": "Rec-subadmin-2-tablecloth-Wombat",
    "short": "Sh0rt!",
    "common": "passwordpassword",
    "long": "Lo0ng-" * 80,
}
Credentials = tuple[str, str]
_OCS = {"OCS-APIRequest": "true"}


class SetupFailed(Exception):
    """A call that only prepares a recording did not work."""


class Server:
    """One server and the accounts that act on it."""

    def __init__(self, url: str, admin: Credentials, standin: StandinCloud | None) -> None:
        self.url = url.rstrip("/")
        self.base_path = urlsplit(self.url).path
        self.standin = standin
        self._owner = admin
        self._admins: list[Credentials] = []
        self._edits = 0
        self._session = requests.Session()
        # Every request logs in anew, as the recorded ones did.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.old_cookies: dict[str, str] = {}
        self.app_password: Credentials = ("", "")
        self.skeleton = 0
        self.default_quota: float = 0

    @property
    def real(self) -> bool:
        """True for a server that the suite did not start."""
        return self.standin is None

    @property
    def acting_admin(self) -> str:
        """Id of the account that stands for `admin` now."""
        return self._admins[-1][0]

    def prepare(self) -> None:
        """Clean up and measure what differs between servers: example files and default quota."""
        self.remove_everything(with_admins=True)
        self.new_admin()
        probe = f"{OWN}probe"
        self.create_user(probe)
        self.default_quota = self.read_user(probe)["quota"]["quota"]
        self.setup("PUT", f"/cloud/users/{probe}", form={"key": "quota", "value": "none"})
        answer = self.send("PROPFIND", f"/remote.php/dav/files/{probe}/", auth=(probe, PASSWORDS["good"]))
        if answer.status_code != 207:
            raise SetupFailed(f"first log-in of {probe}: HTTP {answer.status_code}")
        self.skeleton = int(self.read_user(probe)["quota"]["used"])
        self.setup("DELETE", f"/cloud/users/{probe}")

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
            f"/ocs/v2.php{path}",
            auth=auth or self.admin(method, path),
            query={"format": "json", **(query or {})},
            headers=headers,
            body=body,
        )
        if answer.status_code != 200:
            raise SetupFailed(f"{method} {path}: HTTP {answer.status_code} {answer.text[:200]}")
        return answer.json()["ocs"]["data"]

    def admin(self, method: str = "GET", path: str = "") -> Credentials:
        """The admin account that sends this request; a new one when the next edit would be one too many."""
        segments = path.strip("/").split("/")
        if method == "PUT" and len(segments) > 1 and segments[-2] == "users":
            if self._edits >= _EDITS_EACH:
                self.new_admin()
            self._edits += 1
        return self._admins[-1] if self._admins else self._owner

    def new_admin(self) -> Credentials:
        """Make a further admin account; it becomes the acting one."""
        name, password = f"{OWN}admin-{len(self._admins) + 1}", secrets.token_urlsafe(24)
        # The recorded administrator had this quota.
        form = {"userid": name, "password": password, "quota": "10 GB", "groups[]": "admin"}
        self.setup("POST", "/cloud/users", auth=self._owner, form=form)
        self._admins.append((name, password))
        self._edits = 0
        return name, password

    def create_user(self, name: str) -> None:
        """Make an account with the good password."""
        self.setup("POST", "/cloud/users", form={"userid": name, "password": PASSWORDS["good"]})

    def read_user(self, name: str) -> dict[str, Any]:
        """The account's record."""
        record: dict[str, Any] = self.setup("GET", f"/cloud/users/{quote(name)}")
        return record

    def remove_everything(self, *, with_admins: bool) -> None:
        """Remove all accounts and groups that begin with `rec-`; the suite's own accounts only with_admins."""
        users = self.setup("GET", "/cloud/users", auth=self._owner, query={"search": PREFIX})["users"]
        for name in users:
            if name.startswith(PREFIX) and (with_admins or not name.startswith(OWN)):
                self.setup("DELETE", f"/cloud/users/{quote(name)}", auth=self._owner)
        for name in self.setup("GET", "/cloud/groups", auth=self._owner, query={"search": PREFIX})["groups"]:
            if name.startswith(PREFIX):
                self.setup("DELETE", f"/cloud/groups/{quote(name, safe='')}", auth=self._owner)
        if with_admins:
            self._admins.clear()

    def credentials(self, kind: str, method: str, path: str) -> tuple[Credentials | None, dict[str, str]]:
        """Credentials and cookies of a recorded kind of log-in."""
        if kind == "none":
            return None, {}
        if kind.startswith("user:"):
            name = kind.removeprefix("user:")
            return (name, PASSWORDS["subadmin" if name == "rec-sub" else "good"]), {}
        if kind == "admin+old-session-cookie":
            return self._admins[-1], self.old_cookies
        known: dict[str, Credentials] = {
            "admin-wrong-password": (self.acting_admin, "wrong-password-of-admin"),
            "unknown-user": ("rec-nobody", "wrong-password-of-nobody"),
            "limited-admin": self._admins[-1],
            "admin-app-password": self.app_password,
            "admin-bad-app-password": (self.app_password[0], "wrong-app-password"),
        }
        if kind in known:
            return known[kind], {}
        if kind != "admin":
            raise ValueError(f"unknown kind of log-in: {kind}")
        return self.admin(method, path), {}
