# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be found out about a Nextcloud."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import UNKNOWN
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Settings
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.accounts import API
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.instance_quota import read_instance
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.release import AnnouncedRelease
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.settings import NOT_TOLD
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.space import free_space
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

_INVALID_NAME = 101


class NextcloudInspection:
    """See :class:`backend.Inspection`.

    :param session: logged in as an administrator.
    """

    def __init__(self, session: Session, settings: Settings, release: AnnouncedRelease) -> None:
        self._session = session
        self._settings = settings
        self._release = release

    def read_capabilities(self) -> dict[str, t.Any]:
        """Return the capabilities, which depend on the apps."""
        return self._release.read_capabilities()

    def prove_write(self) -> None:
        """Send a writing request that can have no effect: the creation of a group without a name.

        A server answers with "invalid name" only after the acting account was found to be allowed to create one, with
        its password confirmed; the same is asked of every change of an account (``GroupsController::addGroup``).

        :raises CloudError: ``write_not_permitted``; ``refused`` when the answer is none of those two.
        """
        reply = self._session.request("POST", API + "/groups", form=[("groupid", "")])
        if reply.code != _INVALID_NAME:
            raise reply.error("refused", f"A group without a name was not answered with code {_INVALID_NAME}.")

    def limits(self, capabilities: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return what limits accounts on this cloud; ``unknown`` and None stand for what it does not tell."""
        policy = capabilities.get("password_policy")
        throttle = capabilities.get("bruteforce")
        try:
            quotas = read_instance(self._settings).shown()
        except CloudError as error:
            if error.of_another or error.code not in NOT_TOLD:
                raise
            quotas = {"default": UNKNOWN}
        if not self._release.knows_quota_limits:
            quotas = {"default": quotas["default"]}
        requires_email = self._settings.read_if_told("core", "newUser.requireEmail")
        return {
            "quota_default": quotas["default"],
            "quota_maximum": quotas.get("maximum", UNKNOWN),
            "quota_allow_unlimited": quotas.get("allow_unlimited"),
            "password_min_length": policy.get("minLength") if isinstance(policy, dict) else None,
            "email_required": None if requires_email is None else requires_email == "yes",
            "mails_new_accounts": self._settings.mails_new_accounts(),
            "login_delay_milliseconds": throttle.get("delay") if isinstance(throttle, dict) else None,
        }

    def free_space(self) -> int | None:
        """Return the free bytes of the disk, or None where the cloud does not tell."""
        return free_space(self._session)
