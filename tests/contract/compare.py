# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded and given answers in a form in which they can be compared.

Only what must differ between servers is changed: storage paths (last part kept), times (zero or not), the size of the
example files, the default quota, the name of the acting administrator, accounts of others in lists, addresses in the
capabilities, what the app serverinfo tells beside version and free space. Everything else is compared as it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from contract.recording import RECORDED_SKELETON, Recording
from contract.server import OWN, PREFIX, Server

_TIMES = ("firstLoginTimestamp", "lastLoginTimestamp", "lastLogin")
_HEADERS = ("WWW-Authenticate", "X-Nextcloud-Maintenance-Mode", "Retry-After", "Location")
# Of the capabilities the suite compares what a client that manages accounts reads; the rest depends on installed apps.
_CAPABILITIES = ("bruteforce", "core", "password_policy", "provisioning_api")
_CORE_CAPABILITIES = ("pollinterval", "webdav-root")
_AVAILABLE = re.compile(r"(\d+) available")


@dataclass(frozen=True)
class Given:
    """An answer: from the recording or from the server under test."""

    status: int
    headers: dict[str, str]
    body: str
    recorded: bool


def comparable(answer: Given, recording: Recording, server: Server) -> dict[str, Any]:
    """The parts of an answer that must be equal: status, headers that matter, body."""
    headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    return {"status": answer.status, "type": kind, "headers": headers, "body": _body(answer, kind, recording, server)}


def _body(answer: Given, kind: str, recording: Recording, server: Server) -> Any:
    text = answer.body
    if not text:
        return ""
    if kind == "text/html":
        # Pages differ in every detail; the status and the kind of the answer say it all.
        return "a page"
    if kind == "application/json":
        content = json.loads(text)
    elif text.startswith("<?xml") and "<ocs>" in text:
        content = {"ocs": _tree(ElementTree.fromstring(text))}
    else:
        return _dav(ElementTree.fromstring(text), answer.recorded, server)
    if not isinstance(content, dict) or "ocs" not in content:
        return content
    data = content["ocs"]["data"]
    if recording.name.startswith(("server.capabilities", "auth.bruteforce.capabilities")):
        data = _capabilities(data, server)
    if recording.name == "space.info":
        data = _system(data)
    return {"meta": content["ocs"]["meta"], "data": _values(data, answer.recorded, server)}


def _tree(element: ElementTree.Element) -> Any:
    """An XML element as nested mappings and lists; leaves are texts."""
    children = list(element)
    if not children:
        return element.text or ""
    if all(child.tag == "element" for child in children):
        return [_tree(child) for child in children]
    return {child.tag: _tree(child) for child in children}


def _capabilities(data: Any, server: Server) -> Any:
    shown = {name: value for name, value in data["capabilities"].items() if name in _CAPABILITIES}
    if "core" in shown:
        shown["core"] = {name: shown["core"][name] for name in _CORE_CAPABILITIES}
    if "password_policy" in shown:
        api = shown["password_policy"]["api"]
        shown["password_policy"]["api"] = {name: address.partition("/ocs/")[2] for name, address in api.items()}
        # Off where the server has no way to the internet, which the recorded ones differed in.
        del shown["password_policy"]["policies"]["account"]["enforceHaveIBeenPwned"]
    if server.real:
        # Other programs may have logged in wrongly from this address.
        del shown["bruteforce"]["delay"]
    return {"version": data["version"], "capabilities": shown}


def _system(data: Any) -> Any:
    """What a client reads of the app serverinfo: every server has other disks, and other software."""
    system = data["nextcloud"]["system"]
    return {"version": system["version"], "freespace": "bytes" if type(system["freespace"]) is int else "unknown"}


def _values(value: Any, recorded: bool, server: Server) -> Any:
    """Data with everything that differs between servers evened out."""
    if isinstance(value, list):
        return [_values(item, recorded, server) for item in value]
    if not isinstance(value, dict):
        return _own_name(value, server)
    if "users" in value:
        value = {**value, "users": _others_left_out(value["users"], server)}
    evened = {name: _values(item, recorded, server) for name, item in value.items()}
    for name in _TIMES:
        if name in evened:
            evened[name] = "zero" if str(evened[name]) == "0" else "set"
    if "storageLocation" in evened:
        evened["storageLocation"] = _own_name(str(evened["storageLocation"]).rpartition("/")[2], server)
    if isinstance(evened.get("quota"), dict) and "used" in evened["quota"]:
        evened["quota"] = _quota(evened["quota"], recorded, server)
    return evened


def _own_name(value: Any, server: Server) -> Any:
    """The acting administrator's name stands for `admin`."""
    return "admin" if value == server.acting_admin else value


def _others_left_out(users: Any, server: Server) -> Any:
    """Accounts of a list (names, or records by name) without the suite's own and, on a real server, without others."""

    def belongs(name: str) -> bool:
        return not name.startswith(OWN) and (name.startswith(PREFIX) or not server.real)

    if isinstance(users, dict):
        # An empty mapping is an empty list there.
        return {name: record for name, record in users.items() if belongs(name)} or []
    # An empty list is an empty text in XML.
    return [name for name in users if belongs(name)] or []


def _quota(quota: dict[str, Any], recorded: bool, server: Server) -> dict[str, Any]:
    """Quota as on a server whose example files are as big as the recorded ones and whose default is unlimited."""
    numbers = {name: float(value) for name, value in quota.items()}
    if not recorded and numbers["quota"] == server.default_quota:
        numbers |= {"quota": -3.0, "total": -3.0, "free": -3.0, "relative": 0.0}
    shift = 0 if recorded else RECORDED_SKELETON - server.skeleton
    if shift and numbers["used"] >= server.skeleton:
        numbers["used"] += shift
        if numbers["total"] > 0:
            numbers["free"] -= shift
            numbers["relative"] = round(numbers["used"] / numbers["total"] * 10000) / 100
    return numbers


def _dav(element: ElementTree.Element, recorded: bool, server: Server) -> Any:
    """A WebDAV answer as (tag, text, children), paths below the server's address."""
    shift = 0 if recorded else RECORDED_SKELETON - server.skeleton
    text = (element.text or "").strip()
    if element.tag == "{DAV:}href":
        text = text.removeprefix("" if recorded else server.base_path).replace(f"/{server.acting_admin}/", "/admin/")
    elif element.tag == "{DAV:}quota-used-bytes" and int(text) >= server.skeleton > 0:
        text = str(int(text) + shift)
    elif element.tag == "{DAV:}quota-available-bytes" and int(text) > 0:
        text = str(int(text) - shift)
    else:
        text = _AVAILABLE.sub(lambda found: f"{int(found[1]) - shift} available", text)
    return (element.tag, text, [_dav(child, recorded, server) for child in element])
