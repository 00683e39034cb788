# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded and given answers in a form in which they can be compared.

Only what must differ between servers is changed: storage paths (last part kept), times (zero or not), the size of the
example files, the name of the acting administrator, accounts of others in lists, addresses in the capabilities, and
what a product adds. Everything else is compared as it is.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar
from xml.etree import ElementTree

from contract.recording import Recording
from contract.server import OWN, PREFIX, OcsServer

_AVAILABLE = re.compile(r"(\d+) available")
OcsServerT = TypeVar("OcsServerT", bound=OcsServer)


@dataclass(frozen=True)
class Given:
    """An answer: from the recording or from the server under test."""

    status: int
    headers: dict[str, str]
    body: str
    recorded: bool


class OcsComparison(ABC, Generic[OcsServerT]):
    """One answer of a server with the OCS API; a product's own comparison says what else differs there."""

    headers: ClassVar[tuple[str, ...]] = ("WWW-Authenticate", "Retry-After", "Location")
    # Keys of records: times, and the path of the account's storage.
    times: ClassVar[tuple[str, ...]]
    storage: ClassVar[str]
    # Names of recordings of the capabilities begin so.
    asks_capabilities: ClassVar[tuple[str, ...]] = ("server.capabilities",)
    # Bytes that the example files of a new account took on the recorded server.
    recorded_skeleton: ClassVar[int]

    def __init__(self, answer: Given, recording: Recording, server: OcsServerT) -> None:
        self.answer = answer
        self.recording = recording
        self.server = server
        self.shift = 0 if answer.recorded else self.recorded_skeleton - server.skeleton

    @classmethod
    def comparable(cls, answer: Given, recording: Recording, server: OcsServerT) -> dict[str, Any]:
        """The parts of an answer that must be equal: status, headers that matter, body."""
        headers = {name: answer.headers[name] for name in cls.headers if name in answer.headers}
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        body = cls(answer, recording, server)._body(kind)
        return {"status": answer.status, "type": kind, "headers": headers, "body": body}

    @abstractmethod
    def capabilities(self, data: Any) -> Any:
        """What a client that manages accounts reads of the capabilities; the rest depends on installed apps."""

    def special(self, data: Any) -> Any:
        """The data of a recording that is compared in a way of its own; of others, unchanged."""
        return data

    @abstractmethod
    def quota(self, quota: dict[str, Any]) -> dict[str, Any]:
        """The quota of a record (with `used`) as on a server whose example files are as big as the recorded ones."""

    def _body(self, kind: str) -> Any:
        text = self.answer.body
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
            return self._dav(ElementTree.fromstring(text))
        if not isinstance(content, dict) or "ocs" not in content:
            return content
        data = content["ocs"]["data"]
        if self.recording.name.startswith(self.asks_capabilities) and data:
            data = self.capabilities(data)
        return {"meta": content["ocs"]["meta"], "data": self._values(self.special(data))}

    def _values(self, value: Any) -> Any:
        """Data with everything that differs between servers evened out."""
        if isinstance(value, list):
            return [self._values(item) for item in value]
        if not isinstance(value, dict):
            return self._own_name(value)
        if "users" in value:
            value = {**value, "users": self._others_left_out(value["users"])}
        evened = {name: self._values(item) for name, item in value.items()}
        for name in self.times:
            if name in evened:
                evened[name] = "zero" if str(evened[name]) == "0" else "set"
        if self.storage in evened:
            evened[self.storage] = self._own_name(str(evened[self.storage]).rpartition("/")[2])
        if isinstance(evened.get("quota"), dict) and "used" in evened["quota"]:
            evened["quota"] = self.quota(evened["quota"])
        return evened

    def _own_name(self, value: Any) -> Any:
        """The acting administrator's name stands for `admin`."""
        return "admin" if value == self.server.acting_admin else value

    def _others_left_out(self, users: Any) -> Any:
        """Accounts of a list (names, or records by name) without the suite's own and, on a real server, without
        others."""

        def belongs(name: str) -> bool:
            return not name.startswith(OWN) and (name.startswith(PREFIX) or not self.server.real)

        if isinstance(users, dict):
            # An empty mapping is an empty list there.
            return {name: record for name, record in users.items() if belongs(name)} or []
        # An empty list is an empty text in XML.
        return [name for name in users if belongs(name)] or []

    def _dav(self, element: ElementTree.Element) -> Any:
        """A WebDAV answer as (tag, text, children), paths below the server's address."""
        text = (element.text or "").strip()
        if element.tag == "{DAV:}href":
            text = text.removeprefix("" if self.answer.recorded else self.server.base_path)
            text = text.replace(f"/{self.server.acting_admin}/", "/admin/")
        elif element.tag == "{DAV:}quota-used-bytes" and int(text) >= self.server.skeleton > 0:
            text = str(int(text) + self.shift)
        elif element.tag == "{DAV:}quota-available-bytes" and int(text) > 0:
            text = str(int(text) - self.shift)
        else:
            text = _AVAILABLE.sub(lambda found: f"{int(found[1]) - self.shift} available", text)
        return (element.tag, text, [self._dav(child) for child in element])


def _tree(element: ElementTree.Element) -> Any:
    """An XML element as nested mappings and lists; leaves are texts."""
    children = list(element)
    if not children:
        return element.text or ""
    if all(child.tag == "element" for child in children):
        return [_tree(child) for child in children]
    return {child.tag: _tree(child) for child in children}
