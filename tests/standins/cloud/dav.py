# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts' own WebDAV: files/{id} and the older webdav, as far as quota and log-in go."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape

from standins.cloud.account import Account
from standins.cloud.auth import (
    AccountDisabled,
    Authenticator,
    Login,
    LoginBlocked,
    SkeletonFailed,
    WrongLogin,
)
from standins.cloud.files import NoSpace
from standins.cloud.ocs import Answer
from standins.cloud.product import HttpRequest
from standins.cloud.release import DavTexts

_XML = {"Content-Type": "application/xml; charset=utf-8"}
_EMPTY = {"Content-Type": "text/html; charset=UTF-8"}
UNAVAILABLE = r"Sabre\DAV\Exception\ServiceUnavailable"
NOT_AUTHENTICATED = r"Sabre\DAV\Exception\NotAuthenticated"
_NAMESPACES = 'xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"'
_KNOWN = ("quota-available-bytes", "quota-used-bytes", "getcontentlength", "resourcetype")
_NO_HEADER = (
    "No public access to this resource., AppAPIAuth has not passed, No 'Authorization: Basic' header found. Either the"
    " client didn't send one, or the server is misconfigured, No 'Authorization: Bearer' header found. Either the"
    " client didn't send one, or the server is mis-configured, No 'Authorization: Basic' header found. Either the"
    " client didn't send one, or the server is misconfigured"
)
_WRONG = (
    "No public access to this resource., Username or password was incorrect, No 'Authorization: Bearer' header found."
    " Either the client didn't send one, or the server is mis-configured, Username or password was incorrect"
)


@dataclass(frozen=True)
class DavRequest:
    """A request below remote.php. path: decoded segments below that; prefix: the path of the cloud."""

    method: str
    path: tuple[str, ...]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    credentials: tuple[str, str] | None
    address: str
    body: bytes
    prefix: str


def taken_apart(request: HttpRequest, prefix: str) -> DavRequest:
    """A request below remote.php of a cloud at this path."""
    return DavRequest(
        request.method,
        request.segments[1:],
        request.headers,
        request.cookies,
        request.credentials,
        request.address,
        request.body,
        prefix,
    )


class DavError(Exception):
    """An answer that is not a success: HTTP status, exception name and message as the real server shows them."""

    def __init__(self, status: int, exception: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.exception = exception
        self.message = message
        self.headers = headers or {}

    def answer(self) -> Answer:
        """The error as XML."""
        body = (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f"<d:error {_NAMESPACES}>\n"
            f"  <s:exception>{escape(self.exception)}</s:exception>\n"
            f"  <s:message>{escape(self.message)}</s:message>\n"
            "</d:error>\n"
        )
        return Answer(self.status, body.encode(), _XML | dict(self.headers))


def maintenance(texts: DavTexts) -> Answer:
    """The answer in maintenance mode; it has no header that says so."""
    return DavError(503, *texts.maintenance).answer()


def _not_found(name: str) -> DavError:
    return DavError(404, r"Sabre\DAV\Exception\NotFound", f"File with name //{name} could not be located")


class Dav:
    """Answers WebDAV requests."""

    realm = "Nextcloud"

    def __init__(self, authenticator: Authenticator, texts: DavTexts) -> None:
        self._authenticator = authenticator
        self._texts = texts

    def answer(self, request: DavRequest) -> tuple[Answer, Login | None]:
        """The answer and the log-in it was given under."""
        login: Login | None = None
        try:
            login = self._login(request)
            return self._work(request, login), login
        except DavError as error:
            return error.answer(), login

    def _login(self, request: DavRequest) -> Login:
        try:
            login = self._authenticator.login(request.cookies, request.credentials, request.address)
        except WrongLogin as error:
            raise self._not_logged_in(_WRONG) from error
        except AccountDisabled as error:
            raise self._disabled() from error
        except LoginBlocked as error:
            raise DavError(429, r"OCA\DAV\Connector\Sabre\Exception\TooManyRequests", "") from error
        except SkeletonFailed as error:
            message = r"OCP\Files\GenericFileException: file_put_contents failed"
            raise DavError(503, UNAVAILABLE, message) from error
        if login is None:
            raise self._not_logged_in(_NO_HEADER)
        return login

    def _not_logged_in(self, message: str) -> DavError:
        challenge = {"WWW-Authenticate": f'Basic realm="{self.realm}"'}
        return DavError(401, NOT_AUTHENTICATED, message, challenge)

    def _disabled(self) -> DavError:
        return DavError(503, UNAVAILABLE, rf"OC\User\LoginException: {self._texts.disabled}")

    def _work(self, request: DavRequest, login: Login) -> Answer:
        account = login.account
        if request.path[:1] == ("webdav",):
            root, inner = request.path[:1], request.path[1:]
        elif request.path[:2] == ("dav", "files") and len(request.path) > 2:
            if request.path[2].lower() != account.id.lower():
                # Simpler than the real server, which shows an empty folder for another account that exists.
                message = f"Principal with name {request.path[2]} not found"
                raise DavError(404, r"Sabre\DAV\Exception\NotFound", message)
            root, inner = request.path[:3], request.path[3:]
        else:
            raise _not_found("/".join(request.path))
        name = "/".join(part for part in inner if part)
        if request.method == "PROPFIND":
            return _propfind(request, root, name, account, first=login.new and login.first)
        handlers = {"GET": _get, "HEAD": _get, "PUT": _put, "DELETE": _delete, "MKCOL": _make_folder}
        if request.method not in handlers:
            raise DavError(501, r"Sabre\DAV\Exception\NotImplemented", "There was no plugin in the system")
        return handlers[request.method](account, name, request.body)


def _exists(account: Account, name: str) -> bool:
    return not name or name in account.files.contents or f"{name}/" in account.files.contents


def _require_parent(account: Account, name: str) -> None:
    parent = name.rpartition("/")[0]
    if parent and f"{parent}/" not in account.files.contents:
        raise _not_found(parent)


def _get(account: Account, name: str, _body: bytes) -> Answer:
    if name not in account.files.contents:
        raise _not_found(name)
    return Answer(200, account.files.contents[name], {"Content-Type": "application/octet-stream"})


def _put(account: Account, name: str, body: bytes) -> Answer:
    _require_parent(account, name)
    try:
        account.files.check_space(len(body), account.quota_bytes)
    except NoSpace as error:
        place = f"{account.release.dav.root}{name}"
        message = f"Insufficient space in {place}, {error.required} required, {error.available} available"
        raise DavError(507, r"Sabre\DAV\Exception\InsufficientStorage", message) from error
    status = 204 if name in account.files.contents else 201
    account.files.contents[name] = body
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Answer(status, b"", _EMPTY | {"ETag": tag, "OC-ETag": tag})


def _delete(account: Account, name: str, _body: bytes) -> Answer:
    if not name or not _exists(account, name):
        raise _not_found(name)
    contents = account.files.contents
    for path in [path for path in contents if path == name or path.startswith(f"{name}/")]:
        del contents[path]
    return Answer(204, b"", dict(_EMPTY))


def _make_folder(account: Account, name: str, _body: bytes) -> Answer:
    if _exists(account, name):
        raise DavError(405, r"Sabre\DAV\Exception\MethodNotAllowed", "The resource you tried to create already exists")
    _require_parent(account, name)
    account.files.contents[f"{name}/"] = b""
    return Answer(201, b"", dict(_EMPTY))


def _properties(account: Account, name: str, first: bool) -> dict[str, str]:
    content = account.files.contents.get(name)
    if content is not None:
        return {"getcontentlength": str(len(content)), "resourcetype": ""}
    # The request in which the example files are copied still sees the empty folder.
    used = 0 if first else account.files.used
    free = account.files.free(account.quota_bytes)
    return {
        "quota-available-bytes": str(free),
        "quota-used-bytes": str(used),
        "resourcetype": "<d:collection/>",
    }


def _propfind(request: DavRequest, root: tuple[str, ...], name: str, account: Account, *, first: bool) -> Answer:
    if not _exists(account, name):
        raise _not_found(name)
    names = [name]
    if request.headers.get("Depth", "0") != "0":
        inside = f"{name}/" if name else ""
        names += [
            path.rstrip("/")
            for path in sorted(account.files.contents)
            if path.startswith(inside) and path != inside and "/" not in path[len(inside) :].rstrip("/")
        ]
    asked = re.findall(rb"<[A-Za-z]+:(" + "|".join(_KNOWN).encode() + rb")\s*/?>", request.body)
    wanted = [item.decode() for item in asked] or list(_KNOWN)
    responses = "".join(_response(request.prefix, root, one, _properties(account, one, first), wanted) for one in names)
    spaces = f'{_NAMESPACES} xmlns:oc="http://owncloud.org/ns" xmlns:nc="http://nextcloud.org/ns"'
    body = f'<?xml version="1.0"?>\n<d:multistatus {spaces}>{responses}</d:multistatus>\n'
    return Answer(207, body.encode(), _XML | {"DAV": "1, 3, extended-mkcol", "Vary": "Brief,Prefer"})


def _response(prefix: str, root: tuple[str, ...], name: str, have: dict[str, str], wanted: list[str]) -> str:
    href = prefix + "/remote.php/" + "/".join(quote(part) for part in root) + "/" + quote(name)
    if name and "collection" in have["resourcetype"]:
        href += "/"
    found = "".join(f"<d:{key}>{have[key]}</d:{key}>" for key in wanted if key in have)
    missing = "".join(f"<d:{key}/>" for key in wanted if key not in have)
    text = f"<d:response><d:href>{href}</d:href>"
    if found:
        text += f"<d:propstat><d:prop>{found}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    if missing:
        text += f"<d:propstat><d:prop>{missing}</d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>"
    return text + "</d:response>"
