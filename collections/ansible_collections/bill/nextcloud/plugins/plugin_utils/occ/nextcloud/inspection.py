# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be found out about a Nextcloud by occ."""

from __future__ import annotations

import secrets
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import UNKNOWN
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Settings
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.instance_quota import read_instance
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.settings import NOT_TOLD
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import Commands

_FREE_SPACE = "the free space is read by the API, since occ does not tell it"
_NO_NAME = "a/b"
"""No release takes it as the name of an account (``OC\\User\\Manager::validateUserId``)."""
_ALLOWED = ("a-z", "A-Z", "0-9")
"""What is in the refusal of such a name, in every language."""


class NextcloudOccInspection:
    """See :class:`backend.Inspection`.

    :param status: what ``occ status`` printed as JSON.
    :param api: None: there are no credentials for the API.
    """

    def __init__(
        self, commands: Commands, settings: Settings, status: t.Mapping[str, t.Any], api: ByApi | None
    ) -> None:
        self._commands = commands
        self._settings = settings
        self._status = status
        self._api = api

    def read_capabilities(self) -> dict[str, t.Any]:
        """Return what occ tells in their place: its ``status``, as it printed it."""
        return {"status": dict(self._status)}

    def prove_write(self) -> None:
        """Have an account created whose name cannot be one, with a password.

        occ looks at the name only after the password has arrived: so the refusal of the name shows that the command may
        be run and gets the password.

        :raises CloudError: ``refused`` when it answers with anything else.
        """
        password = secrets.token_urlsafe(24)
        answer = self._commands.prove("user:add", "--password-from-env", "--", _NO_NAME, password=password)
        if answer.status == 0 or not all(part in answer.output for part in _ALLOWED):
            raise answer.error("refused", f'A name that cannot be one was answered with: "{answer.words}".')

    def limits(self, capabilities: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return what limits accounts on this cloud; ``unknown`` and None stand for what it does not tell."""
        try:
            quotas = read_instance(self._settings).shown()
        except CloudError as error:
            if error.code not in NOT_TOLD:
                raise
            quotas = {"default": UNKNOWN}
        if not self._settings.release.knows_quota_limits:
            quotas = {"default": quotas["default"]}
        requires_email = self._settings.read_if_told("core", "newUser.requireEmail")
        length = self._settings.read_if_told("password_policy", "minLength") or ""
        return {
            "quota_default": quotas["default"],
            "quota_maximum": quotas.get("maximum", UNKNOWN),
            "quota_allow_unlimited": quotas.get("allow_unlimited"),
            "password_min_length": int(length) if length.isdecimal() else None,
            "email_required": None if requires_email is None else requires_email == "yes",
            "mails_new_accounts": self._settings.mails_new_accounts(),
            "login_delay_milliseconds": None,
        }

    def free_space(self) -> int | None:
        """Return the free bytes of the disk, which only the API tells."""
        if self._api is None:
            return None
        return self._api.call(_FREE_SPACE, lambda api: api.inspection.free_space())
