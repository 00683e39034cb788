# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import is told of accounts: no more than it compares and shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.bill.nextcloud.plugins.module_utils.quota import UNKNOWN, Quota, parse_wish, same


def account_rows(accounts: Iterable[Mapping[str, Any]], acting: str, quotas: Iterable[str]) -> list[dict[str, Any]]:
    """One row for each of ``accounts`` (as ``nextcloud_user_info`` returns them): ``name``, ``enabled``, ``email``,
    ``quota``, ``groups``, ``backend``, ``administrator`` (or ``acting``, the account that reads), and
    ``quotas_like_it``: those of ``quotas`` (as wished: bytes, or ``none``) that the cloud shows as this quota, which
    depends on its rounding. Raises ``ValueError`` for a quota that is none."""
    wishes = {str(quota): parse_wish(str(quota)) for quota in quotas}
    rows = []
    for account in accounts:
        current = None if account["quota"] == UNKNOWN else Quota(account["quota"])
        rows.append(
            {
                "name": account["name"],
                "enabled": account["enabled"],
                "email": account["email"],
                "quota": account["quota"],
                "groups": account["groups"],
                "backend": account["backend"],
                "administrator": account["administrator"] or account["name"].lower() == acting.lower(),
                "quotas_like_it": [text for text, wish in wishes.items() if same(wish, current)],
            }
        )
    return rows


class FilterModule:
    """The filter by its name."""

    def filters(self) -> dict[str, Any]:
        """For Ansible."""
        return {"account_rows": account_rows}
