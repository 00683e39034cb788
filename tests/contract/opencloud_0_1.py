# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded from a real OpenCloud 0.1.0 (LibreGraph): how it is prepared and compared.

Everything is replayed, against a real server as well; that one needs Basic authentication (PROXY_ENABLE_BASIC_AUTH).
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from contract.compare import Given
from contract.recording import Recording, load
from contract.server import PASSWORDS, PREFIX, Credentials, Server, SetupFailed
from contract.suite import Suite
from standins.cloud.process import StandinCloud

_GRAPH = "/graph/v1.0"
_RECORDED_URL = "https://127.0.0.1:9200"
# An account of that name was left over from an earlier recording, because nothing can delete it by its name.
_LEFT_OVER = "rec/slash"
_SECOND_PASSWORD = "-second-password"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TAG = re.compile(r'"[0-9a-f]{32}"')
_HEADERS = ("Allow", "Dav", "Etag", "Oc-Etag", "Oc-Fileid", "Ocs-Api-Version", "Www-Authenticate", "X-Graph-Version")
# Of the capabilities the suite compares what a client that manages accounts reads.
_CAPABILITIES = ("graph", "password_policy", "spaces")
# On a real server, another version or oCIS.
_OF_THE_BUILD = (
    "edition",
    "product",
    "productname",
    "productversion",
    "resourceDisplayName",
    "version",
    "versionstring",
    "x-graph-version",
)


class OpenCloudServer(Server):
    """An OpenCloud or oCIS. Its administrator acts itself: there is no limit that would need others."""

    def __init__(self, url: str, admin: Credentials, standin: StandinCloud | None) -> None:
        super().__init__(url, admin, standin)
        # Ids are random: recorded ones with those that stand for them here.
        self._ids: dict[str, str] = {}

    @property
    def acting_admin(self) -> str:
        """Name of the account that stands for `admin`."""
        return self._owner[0]

    def prepare(self) -> None:
        """See `Server`. Nothing is to be measured."""
        self.remove_everything(with_admins=True)

    def graph(self, method: str, path: str, content: Any = None) -> Any:
        """A call that prepares a recording; raises SetupFailed unless it succeeds. Returns what it answers."""
        body, headers = (b"", {}) if content is None else (json.dumps(content).encode(), _JSON)
        answer = self.send(method, _GRAPH + path, auth=self._owner, headers=headers, body=body)
        if not answer.ok:
            raise SetupFailed(f"{method} {path}: HTTP {answer.status_code} {answer.text[:200]}")
        return answer.json() if answer.content else None

    def remove_everything(self, *, with_admins: bool) -> None:
        """See `Server`. By id: a name with a slash finds nothing."""
        for user in self.graph("GET", "/users")["value"]:
            if _is_ours(user["onPremisesSamAccountName"]):
                self.graph("DELETE", f"/users/{user['id']}")
        for group in self.graph("GET", "/groups")["value"]:
            if _is_ours(group["displayName"]):
                self.graph("DELETE", f"/groups/{group['id']}")

    def credentials(self, kind: str, method: str, path: str) -> tuple[Credentials | None, dict[str, str]]:
        """See `Server`."""
        if kind.endswith(_SECOND_PASSWORD):
            return (kind.removeprefix("user:").removesuffix(_SECOND_PASSWORD), PASSWORDS["second"]), {}
        return super().credentials(kind, method, path)

    def own_text(self, text: str) -> str:
        """See `Server`: with the ids and the address of this server."""
        text = text.replace(_RECORDED_URL, self.url)
        return _UUID.sub(lambda found: self._ids.get(found[0], found[0]), text)

    def own_path(self, path: str) -> str:
        """See `Server`."""
        return self.own_text(super().own_path(path))

    def learn_ids(self, recorded: Any, given: Any) -> None:
        """Note which id here stands for which recorded one, by their places in both answers. What was noted once
        stays: another id in its place is a difference."""
        if isinstance(recorded, dict) and isinstance(given, dict):
            for name in recorded.keys() & given.keys():
                self.learn_ids(recorded[name], given[name])
        elif isinstance(recorded, list) and isinstance(given, list):
            for one, other in zip(recorded, given, strict=False):
                self.learn_ids(one, other)
        elif isinstance(recorded, str) and isinstance(given, str):
            for wanted, found in zip(_UUID.findall(recorded), _UUID.findall(given), strict=False):
                if found not in self._ids.values():
                    self._ids.setdefault(wanted, found)

    def with_recorded_ids(self, value: Any) -> Any:
        """What this server answered, with the recorded ids in place of its own."""
        known = {found: recorded for recorded, found in self._ids.items()}
        text = json.dumps(value)
        return json.loads(_UUID.sub(lambda found: known.get(found[0], f"unknown {found[0]}"), text))


_JSON = {"Content-Type": "application/json"}


def _is_ours(name: str) -> bool:
    return name.startswith((PREFIX, _LEFT_OVER))


def _comparable(answer: Given, recording: Recording, server: OpenCloudServer) -> Any:
    """Status, headers that matter, body: without times and eTags, and with the recorded ids."""
    recorded = _evened(Given(recording.status, recording.response_headers, recording.response_body, True), server)
    if answer.recorded:
        return recorded
    given = _evened(answer, server)
    server.learn_ids(recorded, given)
    return server.with_recorded_ids(given)


def _evened(answer: Given, server: OpenCloudServer) -> Any:
    headers = {name.lower(): value for name, value in answer.headers.items() if name.title() in _HEADERS}
    if "allow" in headers:
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    kind = answer.headers.get("Content-Type", "").partition(";")[0] if answer.body else ""
    content: Any = answer.body
    if kind == "application/json":
        content = json.loads(answer.body)
    elif kind == "application/xml":
        content = _tree(ElementTree.fromstring(answer.body))
    shown = {"status": answer.status, "type": kind, "headers": headers, "body": content}
    return _values(shown, _RECORDED_URL if answer.recorded else server.url, server)


def _tree(element: ElementTree.Element) -> Any:
    return {"tag": element.tag, "text": element.text or "", "children": [_tree(child) for child in element]}


def _values(value: Any, url: str, server: OpenCloudServer) -> Any:
    """A part of an answer with everything that differs between servers evened out."""
    if isinstance(value, list):
        return [_values(item, url, server) for item in value if not (server.real and _is_of_others(item, server))]
    if isinstance(value, str):
        text = value.replace(url, "(server)").replace(urlsplit(url).netloc, "(host)").removeprefix(urlsplit(url).path)
        return _TAG.sub('"(eTag)"', text)
    if not isinstance(value, dict):
        return value
    if server.real and _is_administrator(value, server):
        # Its other members are its owner's choice.
        return {"administrator": _UUID.findall(value["id"])}
    evened = {name: _values(item, url, server) for name, item in value.items()}
    if "capabilities" in evened:
        evened = {name: evened["capabilities"][name] for name in _CAPABILITIES}
    if "innererror" in evened:
        evened["innererror"] = sorted(evened["innererror"])
    if "lastModifiedDateTime" in evened:
        evened["lastModifiedDateTime"] = "(time)"
    if server.real:
        evened |= dict.fromkeys(evened.keys() & set(_OF_THE_BUILD), "(build)")
        if "appRoles" in evened:
            evened["displayName"] = "(build)"
    return evened


def _is_administrator(item: dict[str, Any], server: OpenCloudServer) -> bool:
    """True for the acting administrator, as LibreGraph or OCS shows it, and for its drive."""
    names = ("admin", server.acting_admin.lower())
    shown = (item.get("onPremisesSamAccountName"), item.get("driveAlias"), item.get("id"))
    return any(str(name).removeprefix("personal/").lower() in names for name in shown)


def _is_of_others(item: Any, server: OpenCloudServer) -> bool:
    """True for what a list of a real server holds besides the administrator and what the suite made."""
    if not isinstance(item, dict) or _is_administrator(item, server):
        return False
    if "driveAlias" in item:
        return item["driveAlias"] != "virtual/shares" and not item["driveAlias"].startswith(f"personal/{PREFIX}")
    if "onPremisesSamAccountName" in item:
        return not _is_ours(item["onPremisesSamAccountName"])
    return "groupTypes" in item and not _is_ours(item["displayName"])


def _leave_over(server: OpenCloudServer, _recording: Recording) -> None:
    account = {"onPremisesSamAccountName": _LEFT_OVER, "displayName": "rec-x", "mail": "rec-x@example.org"}
    server.graph("POST", "/users", account)


def _enable(server: OpenCloudServer, _recording: Recording) -> None:
    server.graph("PATCH", "/users/rec-u1", {"accountEnabled": True})


def _set_good_password(server: OpenCloudServer, _recording: Recording) -> None:
    server.graph("PATCH", "/users/rec-u1", {"passwordProfile": {"password": PASSWORDS["good"]}})


SUITE = Suite(
    product="opencloud",
    variables="OPENCLOUD",
    recordings=load("opencloud-0.1.0.jsonl"),
    count=149,
    server=OpenCloudServer,
    comparable=_comparable,
    preparations={
        "user.create": _leave_over,
        "user.disable.unknown": _enable,
        "user.edit.language": _set_good_password,
    },
    left_out=(),
)
