# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ownCloud can do to an account beyond making it what it should be.

Source: ownCloud core, ``apps/provisioning_api/lib/Users.php`` (``editUser``) and
``lib/private/Authentication/TwoFactorAuth/Manager.php``.
"""

from __future__ import annotations

import typing as t
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import RESET_SECOND_FACTOR
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.api import (
    UNAUTHORISED,
    OwncloudApi,
    require,
    user_path,
)

_UNKNOWN_KEY = 103


def actions(api: OwncloudApi) -> dict[str, t.Callable[[str], None]]:
    """Return the actions, by name, see :attr:`backend.Cloud.actions`.

    :param api: logged in as an administrator.
    """
    return {RESET_SECOND_FACTOR: partial(_reset_second_factor, api)}


def _reset_second_factor(api: OwncloudApi, name: str) -> None:
    """Have the account log in without a second factor from now on. Only the server can ask for one again: the API takes
    every text for no.

    :raises CloudError: ``unsupported`` when the release does not know the key.
    """
    form = [("key", "two_factor_auth_enabled"), ("value", "false")]
    reply = api.request("PUT", user_path(name), form=form)
    require(reply, {UNAUTHORISED: "unsupported", _UNKNOWN_KEY: "unsupported"})
