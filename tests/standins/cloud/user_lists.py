# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of accounts below /cloud/users, page by page."""

from __future__ import annotations

from typing import Any

from standins.cloud.account import Account
from standins.cloud.php import array_key
from standins.cloud.records import shown
from standins.cloud.request import Call
from standins.cloud.state import page

_RECENT = 25
_MOST_RECENT = 100


def _visible(call: Call) -> list[Account]:
    """The page of accounts that the acting account may see: for group admins, a page of each of their groups."""
    search, limit, offset = call.page()
    if call.is_admin:
        return call.cloud.search(search, limit, offset)
    search = search.strip()
    if search and "limit" not in call.given:
        # The real server multiplies the limit that is missing by 100, and searches for no account at all.
        return []
    found: dict[str, Account] = {}
    for group in call.cloud.subadmin_groups(call.acting):
        members = call.cloud.members(group, search)
        if search:
            members.sort(key=lambda account: account.display_name.lower())
        found |= {account.id: account for account in page(members, limit, offset)}
    return list(found.values())


def list_ids(call: Call) -> dict[str, Any]:
    """GET users. An id that looks like a whole number is shown as one: it was the key of a PHP array."""
    call.require_subadmin()
    return {"users": [array_key(account.id) for account in _visible(call)]}


def list_details(call: Call) -> dict[str, Any]:
    """GET users/details."""
    call.require_subadmin()
    return shown(call, _visible(call))


def list_disabled(call: Call) -> dict[str, Any]:
    """GET users/disabled: one page over the accounts of all backends."""
    call.require_subadmin()
    search, limit, offset = call.page(negative_limit=False)
    if call.is_admin:
        return shown(call, page(call.cloud.disabled(search), limit, offset))
    found: dict[str, Account] = {}
    for group in call.cloud.subadmin_groups(call.acting):
        members = call.cloud.members(group, search)
        found |= {account.id: account for account in members if not (account.enabled or account.gone)}
    return shown(call, page(list(found.values()), limit, offset))


def list_recent(call: Call) -> dict[str, Any]:
    """GET users/recent: those who logged in last, at most 100."""
    call.require_admin()
    search, limit, offset = call.page(negative_limit=False)
    return shown(call, page(call.cloud.recent(search), min(_MOST_RECENT, limit or _RECENT), offset))
