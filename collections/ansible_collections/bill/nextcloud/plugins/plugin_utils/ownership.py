# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an account that exists is ours. A stranger's account is never adopted, changed or deleted."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.plan import same_email
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Accounts

COMPLETION_POLLS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between the reads of an account that may still be under creation: half a minute in all."""


def read_completed(cloud: Accounts, account: Account, wish: Wish, sleep: t.Callable[[float], None]) -> Account | None:
    """Read an account again until its creation has ended, if an earlier run was killed in the middle of it.

    The cloud goes on with a creation whose caller is gone, and sets the e-mail address last: an account without one,
    where one was to be set, may become ours within a moment.
    """
    current: Account | None = account
    for seconds in COMPLETION_POLLS:
        if current is None or current.email or not wish.email:
            break
        if cloud.abilities.creates_at_once or "email" not in cloud.abilities.created_with:
            break
        sleep(seconds)
        current = cloud.read(wish.name)
    return current


def is_half_made(cloud: Accounts, account: Account, wish: Wish) -> bool:
    """Whether an account may be what a killed run of ours has left, where the address is set after the creation.

    It has no address yet, so the password alone tells whether it is ours.
    """
    return bool(wish.email) and not account.email and not wish.invite and "email" not in cloud.abilities.created_with


def tries_password(cloud: Accounts, name: str, password: str) -> bool | None:
    """Whether a log-in with a password succeeds; None: none may be tried, or might not any more.

    :raises CloudError: see :meth:`Accounts.proves`.
    """
    if not cloud.may_try_passwords:
        return None
    try:
        return cloud.proves(name, password)
    except CloudError:
        if cloud.may_try_passwords:
            raise
        return None  # log-ins as other accounts failed meanwhile


def require_proof(cloud: Accounts, account: Account, wish: Wish, *, email: bool) -> None:
    """Prove an account ours: the e-mail address is the wished one, and one log-in with the password succeeds.

    An invited account has no password that is known; it is ours when it has the wished address.

    :param email: whether the e-mail address counts (it does not for an account that was being created a moment ago:
        Nextcloud sets it last).
    :raises CloudError: ``account_conflict``, also where the cloud takes no passwords; or the fault that kept the log-in
        from being tried.
    """
    if email and not is_half_made(cloud, account, wish) and not same_email(wish.email, account.email):
        raise CloudError("account_conflict", "Its e-mail address is another one.")
    if wish.invite:
        if not same_email(wish.email, account.email):
            raise CloudError("account_conflict", "Its e-mail address is not the invited one.")
        return
    if not account.enabled:  # a log-in would fail whatever the password, and count as a failed one
        raise CloudError("account_conflict", "It is disabled, so the password cannot be tried.")
    if not wish.password:
        raise CloudError("account_conflict", "There is no password to try.")
    try:
        proven = cloud.proves(account.name, wish.password)
    except CloudError as error:
        if error.code != "unsupported":
            raise
        # Nothing can ever prove it, so it is as much a stranger's as one whose log-in fails.
        raise error.recoded("account_conflict", error.message, outcome_unknown=False) from error
    if not proven:
        raise CloudError("account_conflict", "The log-in with its password failed.")
