# SPDX-License-Identifier: GPL-3.0-or-later
"""The provisioning API: log-in, routes, checks in Nextcloud's order, envelope."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from standins.cloud import config_api, edit, groups, passwords, routes, server_info, user_lists, users
from standins.cloud.account import Account
from standins.cloud.auth import (
    AccountDisabled,
    Authenticator,
    Login,
    LoginBlocked,
    SkeletonFailed,
    WrongLogin,
)
from standins.cloud.clock import Clock
from standins.cloud.ocs import (
    NOT_FOUND,
    SERVER_ERROR,
    UNAUTHORISED,
    UNKNOWN_ROUTE,
    Answer,
    OcsError,
    envelope,
    legacy_router_answer,
)
from standins.cloud.request import Call, Parameters, not_logged_in
from standins.cloud.state import Cloud

_EMPTY_REFUSAL = {"Content-Type": "text/html; charset=UTF-8"}


@dataclass(frozen=True)
class Route:
    """What answers one method at one path.

    limit: how often one account may call it (calls, seconds). confirmed: any method but GET needs a log-in that is
    fresh enough.
    """

    handler: Callable[[Call], Any]
    limit: tuple[int, int] | None = None
    confirmed: bool = True


def _app_password(call: Call) -> dict[str, str]:
    token = call.cloud.new_token()
    call.cloud.add_app_password(call.acting, token, "app password")
    return {"apppassword": token}


def _validate_password(call: Call) -> dict[str, Any]:
    try:
        passwords.check(call.cloud.config, call.text("password"))
    except passwords.PasswordRefused as error:
        return {"passed": False, "reason": str(error)}
    return {"passed": True}


def _generate_password(call: Call) -> dict[str, str]:
    return {"password": passwords.generate(call.cloud.config)}


_APP_CONFIG = ("apps", "provisioning_api", "api", "v1", "config", "apps")
_PASSWORD_POLICY = ("apps", "password_policy", "api", "v1")
_Routes = dict[tuple[str, ...], dict[str, Route]]
# Paths below /ocs/v2.php (`routes.find`).
_ROUTES: _Routes = {
    ("core", "getapppassword"): {"GET": Route(_app_password)},
    ("cloud", "user"): {"GET": Route(users.read_self)},
    ("cloud", "user", "fields"): {"GET": Route(edit.fields)},
    ("cloud", "user", "fields", "*"): {"GET": Route(edit.fields)},
    ("cloud", "users"): {"GET": Route(user_lists.list_ids), "POST": Route(users.create)},
    ("cloud", "users", "details"): {"GET": Route(user_lists.list_details)},
    ("cloud", "users", "disabled"): {"GET": Route(user_lists.list_disabled)},
    ("cloud", "users", "recent"): {"GET": Route(user_lists.list_recent)},
    ("cloud", "users", "*"): {
        "GET": Route(users.read),
        "PUT": Route(edit.put, limit=(50, 600)),
        "DELETE": Route(users.delete),
    },
    ("cloud", "users", "*", "enable"): {"PUT": Route(users.enable)},
    ("cloud", "users", "*", "disable"): {"PUT": Route(users.disable)},
    ("cloud", "users", "*", "wipe"): {"POST": Route(users.wipe)},
    ("cloud", "users", "*", "welcome"): {"POST": Route(users.welcome)},
    ("cloud", "users", "*", "groups"): {
        "GET": Route(groups.of_user),
        "POST": Route(groups.add_member),
        "DELETE": Route(groups.remove_member),
    },
    ("cloud", "users", "*", "groups", "details"): {"GET": Route(groups.of_user_details)},
    ("cloud", "users", "*", "subadmins"): {
        "GET": Route(groups.list_subadmin),
        "POST": Route(groups.add_subadmin),
        "DELETE": Route(groups.remove_subadmin),
    },
    ("cloud", "users", "*", "subadmins", "details"): {"GET": Route(groups.list_subadmin_details)},
    ("cloud", "users", "*", "*"): {"PUT": Route(edit.put_collection, limit=(5, 60))},
    ("cloud", "groups"): {"GET": Route(groups.list_ids), "POST": Route(groups.create)},
    ("cloud", "groups", "details"): {"GET": Route(groups.list_details)},
    ("cloud", "groups", "*"): {
        "GET": Route(groups.members),
        "PUT": Route(groups.update),
        "DELETE": Route(groups.delete),
    },
    ("cloud", "groups", "*", "users"): {"GET": Route(groups.members)},
    ("cloud", "groups", "*", "users", "details"): {"GET": Route(groups.member_details)},
    ("cloud", "groups", "*", "subadmins"): {"GET": Route(groups.subadmins_of_group)},
    _APP_CONFIG: {"GET": Route(config_api.apps)},
    (*_APP_CONFIG, "*"): {"GET": Route(config_api.keys)},
    (*_APP_CONFIG, "*", "*"): {
        "GET": Route(config_api.read),
        "POST": Route(config_api.write),
        "DELETE": Route(config_api.delete),
    },
    ("apps", "serverinfo", "api", "v1", "info"): {"GET": Route(server_info.system)},
    (*_PASSWORD_POLICY, "generate"): {"GET": Route(_generate_password)},
    (*_PASSWORD_POLICY, "validate"): {"POST": Route(_validate_password, confirmed=False)},
}
_CAPABILITIES = ("cloud", "capabilities")
# Behind these, what is left of the path of a GET is a group's id, slashes included; of other methods, all is.
_BEHIND_GROUP = (("users", "details"), ("users",), ("subadmins",))


@dataclass(frozen=True)
class ApiRequest:
    """A request below /ocs/v1.php or /ocs/v2.php. path: decoded segments below that. address: the caller's."""

    version: int
    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    given: Parameters
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    credentials: tuple[str, str] | None
    address: str
    url: str


class _RateLimited(Exception):
    """The acting account called this too often."""


class _CsrfRefused(Exception):
    """The header OCS-APIRequest is missing."""


class RateLimit:
    """Calls of one account to one route within a sliding window."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: dict[tuple[str, Route], deque[float]] = {}

    def count(self, account: Account, route: Route) -> None:
        """Note one call. Raises _RateLimited, without noting it, when the limit is reached."""
        if route.limit is None:
            return
        calls, seconds = route.limit
        seen = self._calls.setdefault((account.id, route), deque())
        while seen and seen[0] <= self._clock.now() - seconds:
            seen.popleft()
        if len(seen) >= calls:
            raise _RateLimited
        seen.append(self._clock.now())


def _with_group(method: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """The path with a group's id as one segment, as the real server's router takes it apart (`.+`)."""
    if path[:2] != ("cloud", "groups") or len(path) < 3 or (method, path[2:]) == ("GET", ("details",)):
        return path
    behind: tuple[str, ...] = ()
    if method == "GET":
        behind = next((end for end in _BEHIND_GROUP if len(path) > 2 + len(end) and path[-len(end) :] == end), ())
    return (*path[:2], "/".join(path[2 : len(path) - len(behind)]), *behind)


def _routes_of(missing: frozenset[tuple[str, str]]) -> _Routes:
    """The routes of a release. missing: method and path of those that it does not have."""
    found: _Routes = {}
    for path, methods in _ROUTES.items():
        have = {method: route for method, route in methods.items() if (method, "/".join(path)) not in missing}
        if have:
            found[path] = have
    return found


class Api:
    """Answers provisioning calls."""

    def __init__(self, cloud: Cloud, authenticator: Authenticator, clock: Clock) -> None:
        self._cloud = cloud
        self._authenticator = authenticator
        self._release = cloud.release
        self._routes = _routes_of(cloud.release.missing_routes)
        self._limit = RateLimit(clock)

    def answer(self, request: ApiRequest) -> tuple[Answer, Login | None]:
        """The answer and the log-in it was given under."""
        wants_json = request.query.get("format") == "json"
        accepts_json = wants_json or (
            "format" not in request.query and "application/json" in request.headers.get("Accept", "")
        )
        login: Login | None = None
        try:
            login = self._login(request)
            data = self._data(request, login)
            answer = envelope(request.version, accepts_json, 200, "OK", data, {})
        except OcsError as error:
            if error.early and self._release.legacy_router:
                answer = legacy_router_answer(request.version, wants_json, error)
            else:
                as_json = wants_json if error.early else accepts_json
                answer = envelope(request.version, as_json, error.code, error.message, error.data, error.headers)
        except routes.MethodNotAllowed:
            answer = Answer(405, b"", {"Content-Type": "application/json; charset=utf-8"})
        except _RateLimited:
            answer = Answer(429, b"", dict(_EMPTY_REFUSAL))
        except _CsrfRefused:
            answer = Answer(
                412, b'{"message":"CSRF check failed"}', {"Content-Type": "application/json; charset=utf-8"}
            )
        return answer, login

    def _login(self, request: ApiRequest) -> Login | None:
        try:
            return self._authenticator.login(request.cookies, request.credentials, request.address)
        except (WrongLogin, AccountDisabled) as error:
            challenge = {"WWW-Authenticate": 'Basic realm="Authorisation Required"'}
            raise OcsError(UNAUTHORISED, "Unauthorised", early=True, headers=challenge) from error
        except LoginBlocked as error:
            raise OcsError(429, "Reached maximum delay", early=True) from error
        except SkeletonFailed as error:
            raise OcsError(SERVER_ERROR, "Internal Server Error\n", early=True) from error

    def _data(self, request: ApiRequest, login: Login | None) -> Any:
        if request.path == _CAPABILITIES and request.method == "GET":
            delay = self._authenticator.throttle.delay_ms(request.address)
            return server_info.capabilities(self._cloud.config, request.url, delay, login is not None)
        path = _with_group(request.method, request.path)
        try:
            route = routes.find(self._routes, request.method, path)
        except routes.UnknownPath as error:
            raise OcsError(NOT_FOUND, UNKNOWN_ROUTE, early=True) from error
        if login is None:
            raise not_logged_in()
        if request.headers.get("OCS-APIRequest", "").lower() != "true":
            raise _CsrfRefused
        if request.method != "GET" and route.confirmed and not self._authenticator.may_write(login.session):
            raise self._release.refusals.not_confirmed.error()
        if self._release.edits_limited:
            self._limit.count(login.account, route)
        return route.handler(Call(self._cloud, login.account, path[1:], request.given))
