# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of ``nextcloud_user_info`` to its result. It only reads."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account, check_group_name, check_name
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.failures import Failed, add_failures
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.steps import Steps


@dataclass
class _Found:
    """What was found."""

    accounts: list[Account] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    failures: list[Failed] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def run(parameters: t.Mapping[str, t.Any], host: Host, *, progress: t.Callable[[str], object]) -> dict[str, t.Any]:
    """Read accounts.

    :param parameters: arguments that passed the argument spec.
    :param host: of the task, where occ may be run.
    :param progress: is told how far a long reading is.
    :returns: the task's result. A list by filters that could not be completed is not shown at all; of ``names``, those
        that could be read are.
    """
    found = _Found()
    try:
        names = _checked_names(parameters["names"])
        if parameters["group"] is not None:
            check_group_name(parameters["group"])
        with connected(parameters, host) as cloud:
            found.warnings += cloud.warnings
            if names is not None:
                _read(cloud, names, found)
            else:
                _list(cloud, parameters, found, progress)
    except CloudError as error:
        found = _Found(warnings=found.warnings, failures=[Failed(error, "reading accounts")])
    accounts = [account for account in found.accounts if _matches(account, parameters)]
    if found.unreadable:
        found.warnings.append("the cloud lists accounts that it does not show: {}".format(", ".join(found.unreadable)))
    untold = _untold(found, parameters)
    if untold:
        found.warnings.append(
            f"min_used_percent leaves {len(untold)} accounts out, of which the cloud does not tell how much they use"
        )
    result: dict[str, t.Any] = {
        "changed": False,
        "accounts": [account.shown() for account in accounts],
        "missing": found.missing,
        "unreadable": found.unreadable,
        "summary": _summary(accounts),
    }
    if found.warnings:
        result["warnings"] = found.warnings
    add_failures(result, found.failures)
    return result


def _checked_names(names: t.Sequence[str] | None) -> list[str] | None:
    """Return each name once, in the order asked for.

    :raises CloudError: ``invalid_name``.
    """
    for name in names or ():
        check_name(name)
    return None if names is None else list(dict.fromkeys(names))


def _read(cloud: Cloud, names: t.Sequence[str], found: _Found) -> None:
    """Read some accounts, one by one; a failure of one does not keep the others from being read.

    :raises CloudError: ``invalid_name``, before any request; what concerns the cloud.
    """
    for name in names:
        cloud.accounts.check_name(name)
    accounts: dict[str, Account | None] = {}
    failures: dict[str, CloudError] = {}

    def read(name: str) -> None:
        accounts[name] = cloud.accounts.look_up(name)

    fault, left_out = Steps(read, failures.__setitem__, cloud.accounts_at_once(), stop=cloud.stop).take(names)
    if fault is not None:
        if fault.cloud_wide:
            raise fault
        failures.update(
            dict.fromkeys(left_out, fault.for_others())
        )  # it does not answer any more: what was read is shown
    for name in names:
        account = accounts.get(name)
        if name in failures:
            found.failures.append(Failed(failures[name], f"account {name}", name))
        elif account is None:
            found.missing.append(name)
        else:
            found.accounts.append(account)


def _list(cloud: Cloud, parameters: t.Mapping[str, t.Any], found: _Found, progress: t.Callable[[str], object]) -> None:
    """Read all accounts, or those that a search finds, or else those of a group."""
    acting = cloud.accounts.read_acting()
    if acting is not None and acting.group_admin_of and not acting.is_admin:
        raise CloudError(
            "invalid_value",
            "api_username is a group administrator, to whom the cloud shows the accounts of some groups only,"
            " without saying so: name a member of group admin.",
        )
    search, group = parameters["search"], parameters["group"]
    if search and group is not None and not cloud.groups.exists(group):
        raise CloudError("group_missing", f'It is "{group}".')
    listing = cloud.list_accounts(search=search, group=None if search else group, progress=progress)
    found.accounts, found.unreadable = listing.accounts, listing.unreadable
    if listing.use_left_out:
        _read_use(cloud, _untold(found, parameters), found)


def _read_use(cloud: Cloud, names: t.Sequence[str], found: _Found) -> None:
    """Look accounts up for themselves, where a list left out the space in use.

    :raises CloudError: when one of them cannot be read.
    """
    accounts = {account.name: account for account in found.accounts}
    failures: dict[str, CloudError] = {}

    def read(name: str) -> None:
        account = cloud.accounts.look_up(name)
        if account is not None:
            accounts[name] = account

    cloud.prepare(())  # nothing but the space is asked for
    fault, _left_out = Steps(read, failures.__setitem__, cloud.accounts_at_once(), stop=cloud.stop).take(names)
    for error in (fault, *failures.values()):
        if error is not None:
            raise error
    found.accounts = [accounts[account.name] for account in found.accounts]


def _untold(found: _Found, parameters: t.Mapping[str, t.Any]) -> list[str]:
    """Return those whose space in use is not known, although a filter asks for it, and they have been used."""
    if parameters["min_used_percent"] is None:
        return []
    others = {**parameters, "min_used_percent": None}
    return [
        account.name
        for account in found.accounts
        if account.used is None
        and account.last_login is not None
        and account.quota is not None
        and account.quota.size is not None
        and _matches(account, others)
    ]


def _matches(account: Account, parameters: t.Mapping[str, t.Any]) -> bool:
    """Whether an account passes the filters; what a cloud did not tell passes none that asks for it."""
    enabled, group, percent = (parameters[option] for option in ("enabled", "group", "min_used_percent"))
    if enabled is not None and account.enabled is not enabled:
        return False
    if group is not None and group not in account.groups:
        return False
    if percent is None:
        return True
    if account.used is None or account.quota is None or account.quota.size is None:
        return False
    return bool(account.used * 100 >= account.quota.size * percent)


def _summary(accounts: t.Sequence[Account]) -> dict[str, int | None]:
    """Count the accounts, and the bytes that they are known to use; None when that is known of none of them."""
    enabled = sum(account.enabled for account in accounts)
    told = [account.used for account in accounts if account.used is not None]
    used = sum(told) if told or not accounts else None
    return {"total": len(accounts), "enabled": enabled, "disabled": len(accounts) - enabled, "used": used}
