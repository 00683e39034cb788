# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded from a real ownCloud 10.15.2: how it is prepared and compared, and what is left out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from contract import preparation
from contract.compare import OcsComparison
from contract.recording import Recording, load
from contract.server import PASSWORDS, PREFIX, OcsServer
from contract.suite import LeftOut, Suite

# Wrong log-ins that nobody recorded, of the 18 before `auth.afterManyFailures`.
_WRONG_LOGINS = 14
# The recorded policy.
_POLICY = {
    "enabled": "yes",
    "spv_min_chars_checked": "on",
    "spv_min_chars_value": "8",
    "spv_uppercase_checked": "on",
    "spv_uppercase_value": "1",
    "spv_numbers_checked": "on",
    "spv_numbers_value": "1",
}
_DEPENDS_ON_THE_DISK = ("free", "total", "relative")


class OwnCloudServer(OcsServer):
    """An ownCloud. Prepared by version 1 of its API, which alone tells why a call was refused."""

    version = "v1.php"

    def remove_groups(self) -> None:
        """See `OcsServer`. A group with a slash in its name cannot be removed by any call."""
        for group in self.setup("GET", "/cloud/groups", auth=self._owner, query={"search": PREFIX})["groups"]:
            if group.startswith(PREFIX) and "/" not in group:
                self.setup("DELETE", f"/cloud/groups/{quote(group)}", auth=self._owner)


class OwnCloudComparison(OcsComparison[OwnCloudServer]):
    """An answer of an ownCloud. Differs as well: the space on the disk, which unlimited accounts show."""

    times = ("last_login", "creation_time")
    storage = "home"
    asks_capabilities = ("server.capabilities", "policy.capabilities")
    recorded_skeleton = 4688555

    def capabilities(self, data: Any) -> Any:
        """See `OcsComparison`."""
        shown = data["capabilities"]
        core = {name: shown["core"][name] for name in ("pollinterval", "webdav-root", "status")}
        core["status"].pop("hostname", None)
        return {"version": data["version"], "core": core, "password_policy": shown.get("password_policy")}

    def quota(self, quota: dict[str, Any]) -> dict[str, Any]:
        """See `OcsComparison`."""
        quota = {**quota, "used": quota["used"] + self.shift}
        if quota["definition"] in ("none", "default"):
            return {**quota, **dict.fromkeys(_DEPENDS_ON_THE_DISK, "of the disk")}
        if self.shift and quota["free"] > 0:
            quota["free"] -= self.shift
        elif self.shift:
            quota["total"] += self.shift
        if self.shift:
            quota["relative"] = round(quota["used"] / quota["total"] * 10000) / 100
        return quota


def _set_good_password(server: OwnCloudServer, _recording: Recording) -> None:
    """The account was given a short one just before."""
    server.setup("PUT", "/cloud/users/rec-u1", form={"key": "password", "value": PASSWORDS["good"]})


def _make_group_admin(server: OwnCloudServer, _recording: Recording) -> None:
    server.setup("POST", "/cloud/users/rec-sub/subadmins", form={"groupid": "rec-g1"})


def _enable_policy(server: OwnCloudServer, _recording: Recording) -> None:
    preparation.standin_of(server).set_app_config("password_policy", **_POLICY)


_KEPT_FOR_GOOD = "no call removes a group with a slash in its name from a real server"
_LOCKS = "the app brute_force_protection of a real server would lock the account"

SUITE = Suite(
    product="owncloud",
    variables="OWNCLOUD",
    recordings=load("owncloud-10.15.2.jsonl"),
    count=284,
    server=OwnCloudServer,
    comparable=OwnCloudComparison.comparable,
    preparations={
        "user.quota[[]*.set": preparation.create_user_of_path,
        "user.edit.quota.tiny": preparation.create_user_of_path,
        "dav.quota.read": _set_good_password,
        "asSubadmin.list": _make_group_admin,
        "maintenance.status": preparation.begin_maintenance,
        "maintenance.over": preparation.end_maintenance,
        "auth.afterManyFailures": preparation.log_in_wrongly(_WRONG_LOGINS),
        "policy.create.short": _enable_policy,
    },
    left_out=(
        LeftOut("group.create.slash", _KEPT_FOR_GOOD),
        LeftOut("group.list.*", f"shows the group of group.create.slash: {_KEPT_FOR_GOOD}"),
        LeftOut("maintenance.*", "maintenance mode stops a real server for everybody"),
        LeftOut("auth.*", _LOCKS),
        LeftOut("policy.*", "no call switches the app password_policy of a real server on and off"),
    ),
)
