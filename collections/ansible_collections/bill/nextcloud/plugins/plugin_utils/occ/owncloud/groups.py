# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of an ownCloud by occ. They have a name and no other.

Source: ownCloud 10.15 and 11.0, ``core/Command/Group``, and recorded answers of 10.15.
"""

from __future__ import annotations

import threading

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.group_plan import Group
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import (
    Commands,
    read_keys,
    read_names,
    require,
    require_change,
    says,
)

LIST_SECONDS = 300.0
"""All groups come in one answer, and so do all members of a big one."""

_CREATE = {"could not be created": "invalid_value"}
_DELETE = {"could not be deleted": "backend_refused"}  # for group admin, too, but that is never asked for


class OwncloudOccGroups:
    """The groups of one ownCloud, see :class:`backend.Groups`. Any number of threads may ask."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._lock = threading.Lock()
        self._known: set[str] | None = None

    def exists(self, name: str) -> bool:
        """Whether there is a group of exactly this name. The list is asked for once; groups made here are known."""
        with self._lock:
            if self._known is None:
                self._known = set(self.names())
            return name in self._known

    def names(self) -> list[str]:
        """Return the names of all groups, sorted."""
        answer = self._commands.read("group:list", "--output=json", seconds=LIST_SECONDS)
        require(answer, {})
        return sorted(read_names(answer))

    def read(self, name: str) -> Group | None:
        """Return a group, or None when there is none of exactly this name."""
        return Group(name, name) if name in self.names() else None

    def create(self, name: str, display_name: str | None = None) -> bool:
        """Create a group. Returns False when there is one already.

        :raises CloudError: ``unsupported`` for a display name that is not its name.
        """
        if display_name not in (None, name):
            raise _no_display_names()
        answer = self._commands.change("group:add", "--", name)
        existed = says(answer, f'The group "{name}" already exists')
        if not existed:
            require_change(answer, _CREATE)
        with self._lock:
            if self._known is not None:
                self._known.add(name)
        return not existed

    def rename(self, name: str, display_name: str) -> None:
        """Refuse.

        :raises CloudError: ``unsupported``.
        """
        raise _no_display_names()

    def delete(self, name: str) -> None:
        """Delete a group; the accounts of its members stay. One that is gone already is fine."""
        answer = self._commands.change("group:delete", "--", name)
        if not says(answer, "Group does not exist"):
            require_change(answer, _DELETE)
        with self._lock:
            if self._known is not None:
                self._known.discard(name)

    def members(self, name: str) -> frozenset[str]:
        """Return the names of all members that the cloud itself keeps: occ does not tell those of a directory's group.

        :raises CloudError: ``group_missing``.
        """
        answer = self._commands.read("group:list-members", "--output=json", "--", name, seconds=LIST_SECONDS)
        if says(answer, f"Group {name} does not exist"):
            raise answer.error("group_missing", f'It is "{name}".')
        require(answer, {})
        return frozenset(read_keys(answer))


def _no_display_names() -> CloudError:
    return CloudError("unsupported", "ownCloud has no display names of groups.")
