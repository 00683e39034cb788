# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded from a real Nextcloud 31.0.6: how it is prepared and compared, and what is left out."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote

from contract import preparation
from contract.compare import OcsComparison
from contract.recording import Recording, load
from contract.server import PREFIX, Credentials, OcsServer
from contract.suite import LeftOut, Suite
from standins.cloud.process import StandinCloud

UNLIMITED = -3
# Nextcloud permits 50 edits in 600 s to one acting account.
_LIMITED_EDITS = 50
_EDITS_EACH = 45
_CHECKSUM = 64
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
_CAPABILITIES = ("bruteforce", "core", "password_policy", "provisioning_api")
_CORE_CAPABILITIES = ("pollinterval", "webdav-root")


class NextcloudServer(OcsServer):
    """A Nextcloud."""

    version = "v2.php"
    # As the recorded administrator had.
    admin_settings: ClassVar[dict[str, str]] = {"quota": "10 GB"}

    def __init__(self, url: str, admin: Credentials, standin: StandinCloud | None) -> None:
        super().__init__(url, admin, standin)
        self._edits = 0
        self.old_cookies: dict[str, str] = {}
        self.app_password: Credentials = ("", "")
        self.default_quota: float = 0
        # None until settings were unset; then what they were.
        self._settings: dict[str, str] | None = None

    def before_first_login(self, probe: str) -> None:
        """Note the default quota, and lift it: the example files might not fit."""
        self.default_quota = self.read_user(probe)["quota"]["quota"]
        self.setup("PUT", f"/cloud/users/{probe}", form={"key": "quota", "value": "none"})

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
        super().close()

    def admin(self, method: str = "GET", path: str = "") -> Credentials:
        """See `Server`; a new one when the next edit would be one too many."""
        segments = path.strip("/").split("/")
        if method == "PUT" and len(segments) > 1 and segments[-2] == "users":
            if self._edits >= _EDITS_EACH:
                self.new_admin()
            self._edits += 1
        return super().admin(method, path)

    def new_admin(self) -> Credentials:
        """See `OcsServer`."""
        self._edits = 0
        return super().new_admin()

    def remove_groups(self) -> None:
        """See `OcsServer`."""
        groups = self.setup("GET", "/cloud/groups/details", auth=self._owner, query={"search": PREFIX})["groups"]
        for group in groups:
            # The id of a group with a long name is a checksum; only its display name tells whose it is.
            if group["id"].startswith(PREFIX) or (
                len(group["id"]) == _CHECKSUM and group["displayname"].startswith(PREFIX)
            ):
                # The real server decodes it twice.
                name = quote(quote(group["id"], safe=""), safe="")
                self.setup("DELETE", f"/cloud/groups/{name}", auth=self._owner)

    def credentials(self, kind: str, method: str, path: str) -> tuple[Credentials | None, dict[str, str]]:
        """See `Server`."""
        if kind == "admin+old-session-cookie":
            return self._admins[-1], self.old_cookies
        known: dict[str, Credentials] = {
            "limited-admin": self._admins[-1],
            "admin-app-password": self.app_password,
            "admin-bad-app-password": (self.app_password[0], "wrong-app-password"),
        }
        return (known[kind], {}) if kind in known else super().credentials(kind, method, path)


class NextcloudComparison(OcsComparison[NextcloudServer]):
    """An answer of a Nextcloud. Differs as well: the default quota, and what the app serverinfo tells beside version
    and free space."""

    headers = (*OcsComparison.headers, "X-Nextcloud-Maintenance-Mode")
    times = ("firstLoginTimestamp", "lastLoginTimestamp", "lastLogin")
    storage = "storageLocation"
    asks_capabilities = ("server.capabilities", "auth.bruteforce.capabilities")
    recorded_skeleton = 17544006

    def capabilities(self, data: Any) -> Any:
        """See `OcsComparison`."""
        shown = {name: value for name, value in data["capabilities"].items() if name in _CAPABILITIES}
        if "core" in shown:
            shown["core"] = {name: shown["core"][name] for name in _CORE_CAPABILITIES}
        if "password_policy" in shown:
            api = shown["password_policy"]["api"]
            shown["password_policy"]["api"] = {name: address.partition("/ocs/")[2] for name, address in api.items()}
            self.password_policy(shown["password_policy"])
        if self.server.real:
            # Other programs may have logged in wrongly from this address.
            del shown["bruteforce"]["delay"]
        return {"version": data["version"], "capabilities": shown}

    def password_policy(self, shown: dict[str, Any]) -> None:
        """Take out of the policy, as the capabilities show it, what differs between servers."""
        # Off where the server has no way to the internet, which the recorded ones differed in.
        del shown["policies"]["account"]["enforceHaveIBeenPwned"]

    def special(self, data: Any) -> Any:
        """What a client reads of the app serverinfo: every server has other disks, and other software."""
        if self.recording.name != "space.info":
            return data
        system = data["nextcloud"]["system"]
        return {"version": system["version"], "freespace": "bytes" if type(system["freespace"]) is int else "unknown"}

    def quota(self, quota: dict[str, Any]) -> dict[str, Any]:
        """See `OcsComparison`; also as on a server whose default is unlimited."""
        numbers = {name: float(value) for name, value in quota.items()}
        if not self.answer.recorded and numbers["quota"] == self.server.default_quota:
            numbers |= {"quota": -3.0, "total": -3.0, "free": -3.0, "relative": 0.0}
        if self.shift and numbers["used"] >= self.server.skeleton:
            numbers["used"] += self.shift
            if numbers["total"] > 0:
                numbers["free"] -= self.shift
                numbers["relative"] = round(numbers["used"] / numbers["total"] * 10000) / 100
        return numbers


def _use_up_edits(server: NextcloudServer, _recording: Recording) -> None:
    """Fifty edits by a new admin; the last leaves 50 GB."""
    server.create_user("rec-rl")
    limited = server.new_admin()
    for number in range(1, _LIMITED_EDITS + 1):
        server.setup("PUT", "/cloud/users/rec-rl", auth=limited, form={"key": "quota", "value": f"{number} GB"})


def _new_admin(server: NextcloudServer, _recording: Recording) -> None:
    server.new_admin()


def _forget_attempts(server: NextcloudServer, _recording: Recording) -> None:
    preparation.standin_of(server).forget_login_attempts()


def _app_password(server: NextcloudServer, _recording: Recording) -> None:
    server.remove_everything(with_admins=False)
    server.create_user("rec-o1")
    name, password = server.admin()
    made = server.setup("GET", "/core/getapppassword", auth=(name, password))
    server.app_password = (name, made["apppassword"])


def _old_session(server: NextcloudServer, _recording: Recording) -> None:
    """Log in twice, as the session begins with the second log-in only; then let 31 minutes pass."""
    server.remove_everything(with_admins=False)
    for _ in range(2):
        answer = server.send(
            "GET",
            "/ocs/v2.php/cloud/user",
            auth=server.admin(),
            headers={"OCS-APIRequest": "true"},
            cookies=server.old_cookies,
        )
        server.old_cookies |= answer.cookies.get_dict()
    preparation.standin_of(server).advance_clock(31 * 60)


def _unset_settings(server: NextcloudServer, _recording: Recording) -> None:
    server.unset_settings()


_WRONG_LOGINS = "wrong log-ins lock the caller's address on a real server"

SUITE = Suite(
    product="nextcloud",
    variables="NEXTCLOUD",
    releases=range(24, 1000),
    recordings=load(
        "nextcloud-31.0.6.jsonl",
        "nextcloud-31.0.6-app-config.jsonl",
        "nextcloud-31.0.6-groups-and-lists.jsonl",
        "nextcloud-31.0.6-space.jsonl",
    ),
    count=717,
    server=NextcloudServer,
    comparable=NextcloudComparison.comparable,
    preparations={
        "user.quota[[]*.set": preparation.create_user_of_path,
        "user.edit.quota.tiny": preparation.create_user_of_path,
        "limit.edit.51st": _use_up_edits,
        "limit.multi.1": _new_admin,
        "maintenance.status": preparation.begin_maintenance,
        "maintenance.over": preparation.end_maintenance,
        "auth.bruteforce.blocked": preparation.log_in_wrongly(11),
        "auth.bruteforce.reset": _forget_attempts,
        "auth.appPassword.list": _app_password,
        "session.after30min.list": _old_session,
        "config.fresh.files.default_quota": _unset_settings,
        "config.appPassword.set": _app_password,
    },
    left_out=(
        LeftOut("auth.wrongPassword*", _WRONG_LOGINS),
        LeftOut("auth.unknownUser", _WRONG_LOGINS),
        LeftOut("auth.right.afterWrong", _WRONG_LOGINS),
        LeftOut("auth.bruteforce.*", _WRONG_LOGINS),
        LeftOut("auth.appPassword.wrong", _WRONG_LOGINS),
        LeftOut("maintenance.*", "maintenance mode stops a real server for everybody"),
        LeftOut("session.after30min.*", "takes 30 minutes on a real server"),
        LeftOut("user.welcome", "needs a mail server behind the real server"),
    ),
)
