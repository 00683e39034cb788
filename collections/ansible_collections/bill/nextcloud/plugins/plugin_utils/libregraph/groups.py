# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of a LibreGraph cloud. Their names are its display names; calls address them by id.

Source: OpenCloud 0.1.0, ``services/graph/pkg/service/v0/groups.go``, and recorded answers.
"""

from __future__ import annotations

import threading
from urllib.parse import quote

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.group_plan import Group
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.graph import read_list, read_text, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.session import API, GraphSession

LIST_SECONDS = 300.0
"""A list comes in one answer: ``$top`` is not looked at."""
LIST_BYTES = 256 * 1024 * 1024
"""The record of a drive has about 900 bytes: room for 200,000 accounts."""

_GROUPS = API + "/groups"
_EXISTS = 409


class LibreGraphGroups:
    """The groups of one cloud, see :class:`backend.Groups`.

    :param session: logged in as an administrator.
    """

    def __init__(self, session: GraphSession) -> None:
        self._session = session
        self._ids: dict[str, str] | None = None
        self._lock = threading.Lock()  # while all are asked for, so that two threads do not

    def exists(self, name: str) -> bool:
        """Whether there is a group of exactly this name. All are asked for once; groups made here are known."""
        return name in self._known()

    def names(self) -> list[str]:
        """Return the names of all groups, sorted."""
        return sorted(self._load())

    def read(self, name: str) -> Group | None:
        """Return a group, whose name is its display name, or None when there is none of exactly this name."""
        return Group(name, name) if name in self._load() else None

    def create(self, name: str, display_name: str | None = None) -> bool:
        """Create a group, whose name is its display name. Returns False when there is one already."""
        reply = self._session.request("POST", _GROUPS, json={"displayName": name})
        if reply.status == _EXISTS:
            self._ids = None
            return False
        require(reply, {400: "invalid_value"})
        self._known()[name] = read_text(reply, reply.data, "id")
        return True

    def rename(self, name: str, display_name: str) -> None:
        """Groups have one name only.

        :raises CloudError: ``unsupported``.
        """
        raise CloudError("unsupported", f'"{name}" has one name, which is its display name as well.')

    def delete(self, name: str) -> None:
        """Delete a group; the accounts of its members stay. One that is gone already is fine."""
        group_id = self._known().pop(name, None)
        if group_id is None:
            return
        reply = self._session.request("DELETE", group_path(group_id))
        if not reply.missing:
            require(reply, {})

    def members(self, name: str) -> frozenset[str]:
        """Return the names of all members, which come in one answer.

        :raises CloudError: ``group_missing``.
        """
        path = group_path(self.id_of(name)) + "/members"
        reply = self._session.request("GET", path, read_seconds=LIST_SECONDS, max_bytes=LIST_BYTES)
        if reply.missing:
            raise reply.error("group_missing", f'It is "{name}".')
        require(reply, {})
        return frozenset(read_text(reply, record, "onPremisesSamAccountName") for record in read_list(reply))

    def id_of(self, name: str) -> str:
        """Return the id of a group.

        :raises CloudError: ``group_missing``.
        """
        group_id = self._known().get(name)
        if group_id is None:
            raise CloudError("group_missing", f'It is "{name}".')
        return group_id

    def _known(self) -> dict[str, str]:
        with self._lock:
            return self._load() if self._ids is None else self._ids

    def _load(self) -> dict[str, str]:
        """Ask for all groups. A single one could be asked for by name only where that has no ``/``."""
        reply = self._session.request("GET", _GROUPS, read_seconds=LIST_SECONDS, max_bytes=LIST_BYTES)
        require(reply, {})
        ids = {read_text(reply, record, "displayName"): read_text(reply, record, "id") for record in read_list(reply)}
        self._ids = ids
        return ids


def group_path(group_id: str) -> str:
    """Return the path of a group."""
    return f"{_GROUPS}/{quote(group_id, safe='')}"
