# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All accounts of a LibreGraph cloud: one answer has the accounts, another the personal drives with their quotas.

``GET users`` expands groups and roles, not drives; ``$top`` is not looked at. Source: OpenCloud 0.1.0, ``GetUsers`` in
``services/graph/pkg/service/v0/users.go``, and recorded answers.
"""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Listing
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.graph import Reply, read_list, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.groups import (
    LIST_BYTES,
    LIST_SECONDS,
    LibreGraphGroups,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.records import (
    NAME_KEY,
    Drive,
    Found,
    owner_of,
    read_drive,
    read_found,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.session import API, GraphSession


def list_accounts(
    session: GraphSession,
    groups: LibreGraphGroups,
    *,
    search: str | None = None,
    group: str | None = None,
    progress: t.Callable[[str], object] = lambda text: None,
) -> Listing:
    """Read the accounts of a cloud: all, those of a group, or those that a search finds; not both.

    :param search: a part of name, display name or e-mail address, without a quotation mark.
    :param group: only members of this group.
    :param progress: is told how far it is.
    :raises CloudError: ``group_missing``; ``invalid_value`` for a search that cannot be asked for; and for every answer
        that is not one: there is no listing with gaps.
    """
    if group is not None:
        groups.id_of(group)
    found = read_all(session, quoted_search(search) if search else None, progress=progress)
    accounts = [one.account for one in found if group is None or group in one.account.groups]
    return Listing(sorted(accounts, key=lambda account: account.name))


def read_all(
    session: GraphSession,
    search: str | None = None,
    *,
    is_sought: t.Callable[[str], bool] = lambda name: True,
    read_seconds: float = LIST_SECONDS,
    max_bytes: int = LIST_BYTES,
    progress: t.Callable[[str], object] = lambda text: None,
) -> list[Found]:
    """Return accounts with their drives.

    :param search: see :func:`quoted_search`; None: all.
    :param is_sought: whether an account is wanted, by its name.
    :param read_seconds: how long each of the two answers may take.
    :param max_bytes: how long each of them may be.
    :param progress: is told how far it is.
    :raises CloudError: for every answer that is not one.
    """

    def ask(path: str, query: t.Mapping[str, str]) -> Reply:
        reply = session.request("GET", API + path, query=query, read_seconds=read_seconds, max_bytes=max_bytes)
        require(reply, {400: "invalid_value"})
        return reply

    reply = ask("/users", {"$expand": "memberOf,appRoleAssignments", **({"$search": search} if search else {})})
    found = [read_found(reply, record, None) for record in read_list(reply) if is_sought(record.get(NAME_KEY, ""))]
    del reply  # as large as the next one
    progress("accounts read, their quotas come next")
    drives = _drives(ask("/drives", {"$filter": "driveType eq 'personal'"}), {one.id for one in found})
    return [one.with_drive(drives.get(one.id)) for one in found]


def quoted_search(text: str) -> str:
    """Return a text to search for; without the quotation marks a ``-`` is an error, and a space means "and".

    :raises CloudError: ``invalid_value``.
    """
    if '"' in text:
        raise CloudError("invalid_value", "search cannot hold a quotation mark here.")
    return f'"{text}"'


def _drives(reply: Reply, owners: t.Container[str]) -> dict[str, Drive]:
    """Return the drives of these accounts, by the id of the account that each belongs to."""
    drives = {}
    for record in read_list(reply):
        owner, drive = owner_of(record), read_drive(record)
        if owner is not None and owner in owners and drive is not None:
            drives[owner] = drive
    return drives
