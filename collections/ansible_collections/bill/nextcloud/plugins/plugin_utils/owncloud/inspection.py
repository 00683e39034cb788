# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be found out about an ownCloud."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.quota import UNKNOWN
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import read_capabilities
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.api import OwncloudApi, require, user_path

_NO_SUCH_GROUP = 102


class OwncloudInspection:
    """See :class:`backend.Inspection`.

    :param api: logged in as an administrator.
    """

    def __init__(self, api: OwncloudApi) -> None:
        self._api = api

    def read_capabilities(self) -> dict[str, t.Any]:
        """Return the capabilities, which depend on the apps."""
        reply = self._api.request("GET", "/capabilities")
        require(reply, {})
        return read_capabilities(reply)

    def prove_write(self) -> None:
        """Send a writing request that can have no effect: the acting account is to administer a group without a name.

        Only administrators may make others administer groups (``API::ADMIN_AUTH``), and no group has an empty name
        (``Groups::addGroup``), so they are told that there is no such group (``Users::addSubAdmin``). The creation of a
        group without a name would prove less: its name is looked at before the rights.

        :raises CloudError: ``write_not_permitted``; ``refused`` when the answer is none of those two.
        """
        path = user_path(self._api.acting_name) + "/subadmins"
        reply = self._api.request("POST", path, form=[("groupid", "")])
        if reply.code != _NO_SUCH_GROUP:
            require(reply, {})
            raise reply.error("refused", f"A group without a name was not answered with code {_NO_SUCH_GROUP}.")

    def limits(self, capabilities: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return what limits accounts on this cloud, see :func:`limits_of`."""
        return limits_of(capabilities)

    def free_space(self) -> int | None:
        """None: no call tells it."""
        return None


def limits_of(capabilities: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the limits that the capabilities tell, see :class:`backend.Inspection`. The quotas and the mails of an
    ownCloud are told by no call."""
    policy = capabilities.get("password_policy")
    requirements = policy.get("password_requirements") if isinstance(policy, dict) else None
    return {
        "quota_default": UNKNOWN,
        "quota_maximum": UNKNOWN,
        "quota_allow_unlimited": None,
        "password_min_length": (requirements.get("minimum_characters") if isinstance(requirements, dict) else None),
        "email_required": None,
        "mails_new_accounts": None,
        "login_delay_milliseconds": None,
    }
