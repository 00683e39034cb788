# SPDX-License-Identifier: GPL-3.0-or-later
"""ownCloud's provisioning API: routes, who may call them, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from standins.cloud import groups as nextcloud_groups
from standins.cloud import routes
from standins.cloud.account import Account
from standins.cloud.auth import AccountDisabled, WrongLogin
from standins.cloud.ocs import UNAUTHORISED, UNKNOWN_ERROR, Answer, OcsError
from standins.cloud.owncloud import edit, groups, server_info, users
from standins.cloud.owncloud.auth import OwnCloudAuthenticator
from standins.cloud.owncloud.ocs import SUCCESS, UNKNOWN_ROUTE, EmptyAnswer, envelope, unauthorised
from standins.cloud.owncloud.state import OwnCloudState
from standins.cloud.product import HttpRequest
from standins.cloud.request import Call, parameters


class Level(IntEnum):
    """Who may call a route; others get 997, whatever they ask for."""

    USER = 1
    SUBADMIN = 2
    ADMIN = 3


@dataclass(frozen=True)
class Route:
    """What answers one method at one path. framework: see `ocs.envelope`."""

    handler: Callable[[Call], Any]
    level: Level = Level.USER
    framework: bool = False


# Paths below /ocs/v1.php and /ocs/v2.php (`routes.find`). No id holds a slash: such paths are unknown ones.
_ROUTES: dict[tuple[str, ...], dict[str, Route]] = {
    ("cloud", "capabilities"): {"GET": Route(server_info.capabilities, framework=True)},
    ("cloud", "user"): {"GET": Route(users.read_self, framework=True)},
    ("cloud", "users"): {"GET": Route(users.list_ids, Level.SUBADMIN), "POST": Route(users.create, Level.SUBADMIN)},
    ("cloud", "users", "*"): {
        "GET": Route(users.read),
        "PUT": Route(edit.put),
        "DELETE": Route(users.delete, Level.SUBADMIN),
    },
    ("cloud", "users", "*", "enable"): {"PUT": Route(users.enable, Level.SUBADMIN)},
    ("cloud", "users", "*", "disable"): {"PUT": Route(users.disable, Level.SUBADMIN)},
    ("cloud", "users", "*", "groups"): {
        "GET": Route(groups.of_user),
        "POST": Route(groups.add_member, Level.SUBADMIN),
        "DELETE": Route(groups.remove_member, Level.SUBADMIN),
    },
    ("cloud", "users", "*", "subadmins"): {
        "GET": Route(groups.list_subadmin),
        "POST": Route(groups.add_subadmin, Level.ADMIN),
        "DELETE": Route(groups.remove_subadmin, Level.ADMIN),
    },
    ("cloud", "groups"): {
        "GET": Route(nextcloud_groups.list_ids, Level.SUBADMIN),
        "POST": Route(groups.create, Level.SUBADMIN),
    },
    ("cloud", "groups", "*"): {
        "GET": Route(groups.members, Level.SUBADMIN),
        "DELETE": Route(groups.delete, Level.ADMIN),
    },
    ("cloud", "groups", "*", "subadmins"): {"GET": Route(groups.subadmins_of_group, Level.ADMIN)},
}


class Api:
    """Answers provisioning calls. Each logs in anew: no session remains of one (`logoutRequired` in
    lib/private/legacy/api.php)."""

    def __init__(self, cloud: OwnCloudState, authenticator: OwnCloudAuthenticator) -> None:
        self._cloud = cloud
        self._authenticator = authenticator

    def answer(self, request: HttpRequest) -> Answer:
        """The answer to a request below /ocs."""
        path = tuple("/".join(request.segments[2:]).split("/"))
        try:
            route = routes.find(_ROUTES, request.method, path)
            acting = self._authorised(request, route)
            if acting is None:
                return envelope(request, UNAUTHORISED, "Unauthorised", framework=True)
            data = route.handler(Call(self._cloud, acting, path[1:], _parameters(request)))
        except routes.UnknownPath:
            return envelope(request, UNKNOWN_ERROR, UNKNOWN_ROUTE)
        except routes.MethodNotAllowed:
            return Answer(405, b"", {"Content-Type": "application/json; charset=utf-8"})
        except OcsError as error:
            return envelope(request, error.code, error.message, headers=error.headers)
        except EmptyAnswer:
            return Answer(200, b"", {"Content-Type": "text/html; charset=UTF-8"})
        message = "OK" if route.framework else None
        return envelope(request, SUCCESS, message, data=data, framework=route.framework)

    def _authorised(self, request: HttpRequest, route: Route) -> Account | None:
        """The acting account; None when an app's controller is called by nobody. Raises 997.

        That a disabled account is called so by an app's controller is recorded, that it is not elsewhere is from the
        source (`loginUser` in lib/private/legacy/api.php).
        """
        try:
            acting = self._authenticator.account(request.credentials, request.address)
        except WrongLogin:
            acting = None
        except AccountDisabled as error:
            raise unauthorised("User disabled" if route.framework else "Unauthorised") from error
        if acting is None and route.framework:
            return None
        if acting is None or self._level(acting) < route.level:
            raise unauthorised("Unauthorised")
        return acting

    def _level(self, account: Account) -> Level:
        if self._cloud.is_admin(account):
            return Level.ADMIN
        return Level.SUBADMIN if self._cloud.subadmin_groups(account) else Level.USER


def _parameters(request: HttpRequest) -> dict[str, str | list[str]]:
    """Query and form; of a POST only the form, and never JSON."""
    kind = request.headers.get("Content-Type", "")
    body = b"" if kind.startswith("application/json") else request.body
    return parameters("" if request.method == "POST" else request.query, kind, body)
