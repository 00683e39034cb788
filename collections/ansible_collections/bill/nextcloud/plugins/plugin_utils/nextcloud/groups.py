# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of a Nextcloud: one method for each call of its provisioning API.

Every method sends one request and raises :class:`CloudError`, as those of ``accounts.py`` do.
Codes: Nextcloud 31, ``apps/provisioning_api/lib/Controller/GroupsController.php``.
"""

from __future__ import annotations

import threading
from urllib.parse import quote

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.group_plan import Group
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.accounts import API
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.release import Release
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import read_list, read_names, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

LIST_SECONDS = 300.0
"""All members of a big group come in one answer, and so do all groups."""

_CREATE = {101: "invalid_value", 103: "backend_refused"}
_EXISTS = 102
_RENAME = {101: "backend_refused"}
_DELETE = {102: "backend_refused"}  # for group admin, too, but that is never asked for
_GONE = 101


class NextcloudGroups:
    """The groups of one Nextcloud, see :class:`backend.Groups`.

    :param session: logged in as an administrator.
    :param release: of the cloud.
    """

    def __init__(self, session: Session, release: Release) -> None:
        self._session = session
        self._release = release
        self._known: dict[str, bool] = {}
        self._lock = threading.Lock()  # while it is asked, so that two threads do not

    def exists(self, name: str) -> bool:
        """Whether there is a group of exactly this name. It is asked once; groups made here are known."""
        with self._lock:
            if name not in self._known:
                reply = self._session.request("GET", API + "/groups", query={"search": name})
                require(reply, {})
                self._known[name] = name in read_names(reply, "groups")
            return self._known[name]

    def names(self) -> list[str]:
        """Return the names of all groups, sorted; they come in one answer. A group administrator gets those it has."""
        reply = self._session.request("GET", API + "/groups", read_seconds=LIST_SECONDS)
        require(reply, {})
        return sorted(read_names(reply, "groups"))

    def read(self, name: str) -> Group | None:
        """Return a group with its display name, or None when there is none of exactly this name."""
        reply = self._session.request("GET", API + "/groups/details", query={"search": name})
        require(reply, {})
        for record in read_list(reply, "groups"):
            if isinstance(record, dict) and str(record.get("id")) == name:
                shown = record.get("displayname")
                return Group(name, shown if isinstance(shown, str) and shown else name)
        return None

    def create(self, name: str, display_name: str | None = None) -> bool:
        """Create a group. Returns False when there is one already.

        :raises CloudError: ``unsupported`` for a display name that the release would ignore.
        """
        if display_name not in (None, name) and not self._release.names_groups:
            raise CloudError("unsupported", "Before release 18 Nextcloud has no display names of groups.")
        form = [("groupid", name)]
        if display_name is not None:
            form.append(("displayname", display_name))
        reply = self._session.request("POST", API + "/groups", form=form)
        if reply.code != _EXISTS:
            require(reply, _CREATE)
        self._known[name] = True
        return reply.code != _EXISTS

    def rename(self, name: str, display_name: str) -> None:
        """Set the display name of a group; its name stays."""
        reply = self._session.request("PUT", group_path(name), form=[("key", "displayname"), ("value", display_name)])
        if reply.missing:
            raise reply.error("group_missing", f'It is "{name}".')
        require(reply, _RENAME)

    def delete(self, name: str) -> None:
        """Delete a group; the accounts of its members stay. One that is gone already is fine."""
        reply = self._session.request("DELETE", group_path(name))
        if reply.code != _GONE:
            require(reply, _DELETE)
        self._known[name] = False

    def members(self, name: str) -> frozenset[str]:
        """Return the names of all members, which come in one answer.

        :raises CloudError: ``group_missing``.
        """
        reply = self._session.request("GET", group_path(name) + "/users", read_seconds=LIST_SECONDS)
        if reply.missing:
            raise reply.error("group_missing", f'It is "{name}".')
        require(reply, {})
        return frozenset(read_names(reply, "users"))


def group_path(name: str) -> str:
    """Return the path of a group, for the calls whose controller decodes the name once more (``urldecode``)."""
    return f"{API}/groups/" + quote(name.replace("%", "%25").replace("+", "%2B"), safe="")
