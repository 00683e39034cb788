# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account as an ownCloud shows it: in several answers, and with texts where Nextcloud has values."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.bill.nextcloud.plugins.module_utils import quota as quotas
from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import Reply


def account_of(reply: Reply, name: str, groups: t.Iterable[str], group_admin_of: t.Iterable[str]) -> Account:
    """Return the account of the answer to ``GET users/{id}``, or ``GET user`` with ``enabled`` added to it.

    :param name: its exact name, which the record does not hold.
    :param groups: what ``GET users/{id}/groups`` said.
    :param group_admin_of: what ``GET users/{id}/subadmins`` said.
    :raises CloudError: ``not_an_answer``.
    """
    record = reply.data if isinstance(reply.data, dict) else {}
    shown = record.get("quota")
    quota: dict[str, t.Any] = shown if isinstance(shown, dict) else {}
    seconds = record.get("last_login")
    known = {
        **record,
        "id": name,
        "groups": list(groups),
        "subadmin": list(group_admin_of),
        # Nothing is known of the use before the first log-in.
        "quota": {"used": quota.get("used")},
        "lastLogin": seconds * 1000 if isinstance(seconds, int) else None,
    }
    try:
        return replace(Account.from_record(known), quota=quota_of(quota))
    except ValueError as error:
        raise reply.error("not_an_answer", f"{error}.") from error


def quota_of(shown: t.Mapping[str, t.Any]) -> quotas.Quota | None:
    """Read the ``quota`` of a record: by ``definition``, which is a text such as "5 GB", ``none`` or ``default``.

    ``total`` is not the quota. It is what the account uses when that is more, and the size of the disk when there is no
    quota (``OC_Helper::getStorageInfo``), so for an account that follows the default it is the quota only if it is a
    number that ownCloud could have rounded to.
    """
    definition = shown.get("definition")
    if definition == "default":
        total = quotas.read(shown.get("total"))
        return total if total is not None and total.size in quotas.rounded(total.size or 0) else None
    return quotas.read_stored(definition) if isinstance(definition, str) else None
