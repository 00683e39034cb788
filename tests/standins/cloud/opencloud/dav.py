# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts' own WebDAV, as far as quota goes: dav/files/{name}, dav/spaces/{drive id}, webdav.

Recorded are PROPFIND of the quota and PUT; the rest is from source, vendor/…/reva/v2/internal/http/services/owncloud/
ocdav.
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from standins.cloud.files import NoSpace
from standins.cloud.ocs import Answer
from standins.cloud.opencloud.errors import sabre_error
from standins.cloud.opencloud.state import Cloud, Drive, User

_XML = {"Content-Type": "application/xml; charset=utf-8"}
_TUS = {
    "Access-Control-Expose-Headers": "Tus-Resumable, Tus-Version, Tus-Extension",
    "Dav": "1, 3, extended-mkcol",
    "Tus-Extension": "creation, creation-with-upload, checksum, expiration",
    "Tus-Resumable": "1.0.0",
    "Tus-Version": "1.0.0",
}
_NAMESPACES = 'xmlns:s="http://sabredav.org/ns" xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"'
_KNOWN = ("quota-available-bytes", "quota-used-bytes", "getcontentlength", "resourcetype")
_ASKED = re.compile(rb"<[A-Za-z]+:(" + "|".join(_KNOWN).encode() + rb")\s*/?>")


@dataclass(frozen=True)
class _Place:
    """Something in a drive. root: the decoded path of the drive; name: below that."""

    cloud: Cloud
    user: User
    drive: Drive
    root: tuple[str, ...]
    name: str

    @property
    def contents(self) -> dict[str, bytes]:
        """Everything in the drive by path; folders end in "/"."""
        return self.drive.files.contents

    def exists(self) -> bool:
        """True for the drive itself, a file, a folder."""
        return not self.name or self.name in self.contents or f"{self.name}/" in self.contents

    def has_parent(self) -> bool:
        """True when the folder is there in which it lies."""
        parent = self.name.rpartition("/")[0]
        return not parent or f"{parent}/" in self.contents


def is_dav(path: tuple[str, ...]) -> bool:
    """True for paths that WebDAV answers."""
    return path[:1] in (("remote.php",), ("dav",), ("webdav",))


def answer(
    cloud: Cloud, acting: User, method: str, path: tuple[str, ...], headers: Mapping[str, str], body: bytes, prefix: str
) -> Answer:
    """The answer. path: decoded segments below the cloud's own; prefix: the path of the cloud."""
    found = _split(cloud, acting, path)
    if found is None or acting.drive is None:
        return _missing()
    place = _Place(cloud, acting, acting.drive, *found)
    if method == "PROPFIND":
        return _propfind(place, headers, body, prefix)
    handlers = {"GET": _get, "HEAD": _get, "PUT": _put, "DELETE": _delete, "MKCOL": _make_folder}
    return handlers[method](place, body) if method in handlers else Answer(405)


def _split(cloud: Cloud, acting: User, path: tuple[str, ...]) -> tuple[tuple[str, ...], str] | None:
    """The path of the drive and the name below it; None for a drive of others."""
    start = 1 if path[0] == "remote.php" else 0
    own = (("webdav",), ("dav", "files", acting.name), ("dav", "spaces", cloud.drive_id(acting)))
    end = next((start + len(root) for root in own if path[start : start + len(root)] == root), None)
    if end is None:
        return None
    return path[:end], "/".join(part for part in path[end:] if part)


def _missing() -> Answer:
    return Answer(404, sabre_error("NotFound", "Resource not found"), dict(_XML))


def _get(place: _Place, _body: bytes) -> Answer:
    if place.name not in place.contents:
        return _missing()
    return Answer(200, place.contents[place.name], {"Content-Type": "application/octet-stream"})


def _put(place: _Place, body: bytes) -> Answer:
    if not place.has_parent():
        return Answer(409)
    old = place.contents.get(place.name)
    try:
        # A file that is written anew needs no more than what it grows by.
        place.drive.files.check_space(len(body) - len(old or b""), place.drive.limit or -1)
    except NoSpace:
        return Answer(507)
    place.contents[place.name] = body
    now = place.cloud.clock.now()
    place.drive.touch(now)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "OC-ETag": tag,
        "OC-FileId": f"{place.cloud.drive_id(place.user)}!{uuid.uuid4()}",
        "Last-Modified": time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(now)),
    }
    return Answer(201 if old is None else 204, b"", headers)


def _delete(place: _Place, _body: bytes) -> Answer:
    if not place.name or not place.exists():
        return _missing()
    for path in [path for path in place.contents if path == place.name or path.startswith(f"{place.name}/")]:
        del place.contents[path]
    place.drive.touch(place.cloud.clock.now())
    return Answer(204)


def _make_folder(place: _Place, _body: bytes) -> Answer:
    if place.exists():
        return Answer(405)
    if not place.has_parent():
        return Answer(409)
    place.contents[f"{place.name}/"] = b""
    return Answer(201)


def _propfind(place: _Place, headers: Mapping[str, str], body: bytes, prefix: str) -> Answer:
    if not place.exists():
        return _missing()
    names = [place.name]
    if headers.get("Depth", "1") != "0":
        inside = f"{place.name}/" if place.name else ""
        names += [
            path.rstrip("/")
            for path in sorted(place.contents)
            if path.startswith(inside) and path != inside and "/" not in path[len(inside) :].rstrip("/")
        ]
    wanted = [item.decode() for item in _ASKED.findall(body)] or ["getcontentlength", "resourcetype"]
    responses = "".join(_response(place, name, wanted, prefix) for name in names)
    text = f"<d:multistatus {_NAMESPACES}>{responses}</d:multistatus>"
    return Answer(207, text.encode(), _XML | _TUS)


def _response(place: _Place, name: str, wanted: list[str], prefix: str) -> str:
    content = place.contents.get(name)
    have = {"getcontentlength": str(len(content)), "resourcetype": ""} if content is not None else _folder(place.drive)
    end = "" if content is not None or not name else "/"
    href = prefix + "".join(f"/{quote(part, safe='$!')}" for part in place.root) + "/" + quote(name) + end
    found = "".join(f"<d:{key}>{have[key]}</d:{key}>" for key in wanted if key in have)
    missing = "".join(f"<d:{key}></d:{key}>" for key in wanted if key not in have)
    text = f"<d:response><d:href>{href}</d:href>"
    for properties, status in ((found, "200 OK"), (missing, "404 Not Found")):
        if properties:
            text += f"<d:propstat><d:prop>{properties}</d:prop><d:status>HTTP/1.1 {status}</d:status></d:propstat>"
    return text + "</d:response>"


def _folder(drive: Drive) -> dict[str, str]:
    # The whole quota, not what is left of it, as recorded; -2 (unknown) when none was ever set, from source.
    return {
        "quota-available-bytes": str(-2 if drive.quota is None else drive.quota),
        "quota-used-bytes": str(drive.files.used),
        "resourcetype": "<d:collection></d:collection>",
    }
