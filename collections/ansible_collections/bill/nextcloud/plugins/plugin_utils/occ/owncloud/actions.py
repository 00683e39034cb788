# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ownCloud can do to an account by occ, beyond making it what it should be.

Source: ``OC\\Core\\Command\\TwoFactorAuth\\Disable``, ownCloud 10.15 and 11.0.
"""

from __future__ import annotations

import typing as t
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import RESET_SECOND_FACTOR
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import Commands, require_change


def actions(commands: Commands) -> dict[str, t.Callable[[str], None]]:
    """Return the actions, by name, see :attr:`backend.Cloud.actions`."""
    return {RESET_SECOND_FACTOR: partial(_reset_second_factor, commands)}


def _reset_second_factor(commands: Commands, name: str) -> None:
    """Have the account log in without a second factor from now on; ``twofactorauth:enable`` ends that."""
    require_change(commands.change("twofactorauth:disable", "--", name), {"Invalid UID": "account_missing"})
