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
UNLIMITED = -3
_CHECKSUM = 64
PASSWORDS = {
    "good": "Rec-good-0-tablecloth-Wombat",
    "second": "Rec-second-1-tablecloth-Wombat",
    "subadmin": "Rec-subadmin-2-tablecloth-Wombat",
    "short": "Sh0rt!",
    "common": "passwordpassword",
    "long": "Lo0ng-" * 80,
}
Credentials = tuple[str, str]
# Settings that recordings change; on a real server they are put back at the end, in this order.
_SETTINGS = {
    "files": ("default_quota", "max_quota", "quota_preset", "allow_unlimited_quota"),
    "core": ("newUser.sendEmail", "newUser.requireEmail", "newUser.generateUserID"),
    "password_policy": (
        "minLength",
        "enforceNonCommonPassword",
        "enforceNumericCharacters",
        "enforceSpecialCharacters",
        "enforceUpperLowerCase",
    ),
}
_APP_CONFIG = "/apps/provisioning_api/api/v1/config/apps"
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
        # None until settings were unset; then what they were.
        self._settings: dict[str, str] | None = None

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

    def unset_settings(self) -> None:
        """Unset what recordings change, as on a new server; `close` puts it back."""
        self._settings = {}
        for app, keys in _SETTINGS.items():
            found = self.setup("GET", f"{_APP_CONFIG}/{app}", auth=self._owner)["data"]
            for key in keys:
                path = f"{_APP_CONFIG}/{app}/{key}"
                if key in found:
                    self._settings[path] = self.setup("GET", path, auth=self._owner)["data"]
                    self.setup("DELETE", path, auth=self._owner)
        self.default_quota = UNLIMITED

    def _put_settings_back(self, settings: dict[str, str]) -> None:
        for path in (f"{_APP_CONFIG}/{app}/{key}" for app, keys in _SETTINGS.items() for key in keys):
            if path in settings:
                self.setup("POST", path, auth=self._owner, form={"value": settings[path]})
            else:
                self.setup("DELETE", path, auth=self._owner)

    def close(self) -> None:
        """Remove everything the run made, and put settings back."""
        if self._settings is not None:
            self._put_settings_back(self._settings)
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
        # A name never used before: the real server counts edits by name, also those of an account that is gone.
        name, password = f"{OWN}admin-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
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
        groups = self.setup("GET", "/cloud/groups/details", auth=self._owner, query={"search": PREFIX})["groups"]
        for group in groups:
            # The id of a group with a long name is a checksum; only its display name tells whose it is.
            if group["id"].startswith(PREFIX) or (
                len(group["id"]) == _CHECKSUM and group["displayname"].startswith(PREFIX)
            ):
                # The real server decodes it twice.
                name = quote(quote(group["id"], safe=""), safe="")
                self.setup("DELETE", f"/cloud/groups/{name}", auth=self._owner)
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
