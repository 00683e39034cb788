# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of an ownCloud, which have a name and no other.

Codes: ownCloud 10.15 and 11.0, ``apps/provisioning_api/lib/Groups.php``.
"""

from __future__ import annotations

import threading

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.group_plan import Group
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import read_bare_names, read_names
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.api import (
    LIST_SECONDS,
    OwncloudApi,
    group_path,
    require,
)

_CREATE = {101: "invalid_value"}
_EXISTS = 102
_DELETE = {102: "backend_refused"}  # for group admin, too, but that is never asked for
_GONE = 101


class OwncloudGroups:
    """The groups of one ownCloud, see :class:`backend.Groups`.

    Whether there is a group is told by the list of all of them: a search that is shorter than the cloud's
    ``user.search_min_length`` finds nothing, and asking for a group itself brings all its members.

    :param api: logged in as an administrator.
    """

    def __init__(self, api: OwncloudApi) -> None:
        self._api = api
        self._known: set[str] | None = None
        self._lock = threading.Lock()  # while the list is asked for, so that two threads do not

    def exists(self, name: str) -> bool:
        """Whether there is a group of exactly this name. The list is asked for once; groups made here are known."""
        with self._lock:
            if self._known is None:
                self._known = set(self.names())
            return name in self._known

    def names(self) -> list[str]:
        """Return the names of all groups, sorted; they come in one answer."""
        reply = self._api.request("GET", "/groups", read_seconds=LIST_SECONDS)
        require(reply, {})
        return sorted(read_names(reply, "groups"))

    def read(self, name: str) -> Group | None:
        """Return a group, or None when there is none of exactly this name."""
        return Group(name, name) if name in self.names() else None

    def create(self, name: str, display_name: str | None = None) -> bool:
        """Create a group. Returns False when there is one already.

        :raises CloudError: ``unsupported`` for a display name that is not its name.
        """
        if display_name not in (None, name):
            raise _no_display_names()
        reply = self._api.request("POST", "/groups", form=[("groupid", name)])
        if reply.code != _EXISTS:
            require(reply, _CREATE)
        if self._known is not None:
            self._known.add(name)
        return reply.code != _EXISTS

    def rename(self, name: str, display_name: str) -> None:
        """Refuse.

        :raises CloudError: ``unsupported``.
        """
        raise _no_display_names()

    def delete(self, name: str) -> None:
        """Delete a group; the accounts of its members stay. One that is gone already is fine.

        :raises CloudError: ``unsupported`` for a name with a slash.
        """
        reply = self._api.request("DELETE", _addressed(name))
        if reply.code != _GONE:
            require(reply, _DELETE)
        if self._known is not None:
            self._known.discard(name)

    def members(self, name: str) -> frozenset[str]:
        """Return the names of all members, which come in one answer.

        :raises CloudError: ``group_missing``; ``unsupported`` for a name with a slash.
        """
        reply = self._api.request("GET", _addressed(name), read_seconds=LIST_SECONDS)
        if reply.missing:
            raise reply.error("group_missing", f'It is "{name}".')
        require(reply, {})
        return frozenset(read_names(reply, "users"))

    def administrators(self, name: str) -> frozenset[str]:
        """Return the names of the accounts that administer a group; of none that is missing."""
        reply = self._api.request("GET", _addressed(name) + "/subadmins")
        if reply.code == _GONE:
            return frozenset()
        require(reply, {})
        return frozenset(read_bare_names(reply, "accounts"))


def is_addressable(name: str) -> bool:
    """Whether the server finds the calls of one group, which it does not for a name with a slash."""
    return "/" not in name


def _addressed(name: str) -> str:
    if not is_addressable(name):
        raise CloudError(
            "unsupported", "ownCloud cannot delete a group with a slash in its name, nor list its members."
        )
    return group_path(name)


def _no_display_names() -> CloudError:
    return CloudError("unsupported", "ownCloud has no display names of groups.")
