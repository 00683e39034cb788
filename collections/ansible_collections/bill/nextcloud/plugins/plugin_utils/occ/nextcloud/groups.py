# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of a Nextcloud: one method for each command of its occ.

Source: Nextcloud 31, ``core/Command/Group``, and recorded answers of 31 and 17, which has no ``group:info``.
"""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.group_plan import Group
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import GIVE_LOG_IN
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import (
    Commands,
    lacks_option,
    names_of,
    require,
    says,
)

PAGE_GROUPS = 500
LIST_SECONDS = 300.0
"""A page of groups has all their members."""

_NAMES = "display names of groups are changed by the API, since occ cannot do that"
_CREATE = {"Could not create group": "backend_refused"}
_DELETE = {"could not be deleted": "backend_refused"}


class NextcloudOccGroups:
    """The groups of one Nextcloud, see :class:`backend.Groups`. Any number of threads may ask.

    :param api: None: there are no credentials for the API.
    """

    def __init__(self, commands: Commands, api: ByApi | None) -> None:
        self._commands = commands
        self._api = api
        self._known: dict[str, bool] = {}
        self._lock = threading.Lock()

    def exists(self, name: str) -> bool:
        """Whether there is a group of exactly this name. It is asked once; groups made here are known."""
        with self._lock:
            if name not in self._known:
                self._known[name] = self.read(name) is not None
            return self._known[name]

    def names(self) -> list[str]:
        """Return the names of all groups, sorted."""
        return sorted(name for page in self._pages() for name in page)

    def read(self, name: str) -> Group | None:
        """Return a group with its display name, or None when there is none of exactly this name.

        A release without ``group:info`` has its groups listed, and tells no display names.
        """
        try:
            answer = self._commands.read("group:info", "--output=json", "--", name)
        except CloudError as error:
            if error.code != "unsupported":
                raise
            return Group(name, name) if any(name in page for page in self._pages()) else None
        if says(answer, f'Group "{name}" does not exist.'):
            return None
        require(answer, {})
        found = answer.read_json()
        shown = found.get("displayName") if isinstance(found, dict) else None
        return Group(name, shown if isinstance(shown, str) and shown else name)

    def create(self, name: str, display_name: str | None = None) -> bool:
        """Create a group. Returns False when there is one already.

        :raises CloudError: ``unsupported`` for a display name with a release that cannot set one.
        """
        option = () if display_name in (None, name) else (f"--display-name={display_name}",)
        answer = self._commands.change("group:add", *option, "--", name)
        if lacks_option(answer, "--display-name"):
            raise answer.error("unsupported", "This release's occ has no display names of groups.")
        existed = says(answer, f'Group "{name}" already exists.')
        if not existed:
            require(answer, _CREATE)
        self._known[name] = True
        return not existed

    def rename(self, name: str, display_name: str) -> None:
        """Set the display name of a group; its name stays. occ has no command for it.

        :raises CloudError: ``unsupported`` without the API.
        """
        if self._api is None:
            raise CloudError("unsupported", f"occ cannot change the display name of a group. {GIVE_LOG_IN}")
        self._api.call(_NAMES, lambda api: api.groups.rename(name, display_name))

    def delete(self, name: str) -> None:
        """Delete a group; the accounts of its members stay. One that is gone already is fine."""
        answer = self._commands.change("group:delete", "--", name)
        if not says(answer, f'Group "{name}" does not exist.'):
            require(answer, _DELETE)
        self._known[name] = False

    def members(self, name: str) -> frozenset[str]:
        """Return the names of all members. No command tells those of one group, so groups are listed up to this one.

        :raises CloudError: ``group_missing``.
        """
        for page in self._pages():
            if name in page:
                return frozenset(page[name])
        raise CloudError("group_missing", f'It is "{name}".')

    def of_member(self, name: str) -> list[str]:
        """Return the names of the groups that have this member; all groups are listed."""
        return [group for page in self._pages() for group, members in page.items() if name in members]

    def _pages(self) -> t.Iterator[dict[str, list[str]]]:
        """Yield pages of groups with their members, until one brings nothing new."""
        seen: set[str] = set()
        offset = 0
        while True:
            limits = (f"--limit={PAGE_GROUPS}", f"--offset={offset}")
            answer = self._commands.read("group:list", "--output=json", *limits, seconds=LIST_SECONDS)
            require(answer, {})
            found = answer.read_json()
            if isinstance(found, list):  # PHP makes one of what has no keys, or 0, 1, 2 ... for keys
                found = {str(number): members for number, members in enumerate(found)}
            if not isinstance(found, dict):
                raise answer.error("not_an_answer", "It is no list of groups.")
            page = {name: names_of(answer, members) for name, members in found.items()}
            if page.keys() <= seen:
                return
            yield page
            if len(page) < PAGE_GROUPS:
                return
            seen |= page.keys()
            offset += PAGE_GROUPS
