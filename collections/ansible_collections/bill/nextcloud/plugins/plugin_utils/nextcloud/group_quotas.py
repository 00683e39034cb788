# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas of groups, which the app groupquota of a Nextcloud has.

They are kept as settings of the app: ``quota_`` and the group's name, bytes. The app's own API cannot take a quota
away, so the settings are used; the app reads them whenever it needs them. Source: github.com/nextcloud/groupquota,
``lib/Quota/QuotaManager.php`` and ``lib/Controller/QuotaController.php`` of 0.2.5, tried with Nextcloud 31.
"""

from __future__ import annotations

import re

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Settings

_APP = "groupquota"
_PREFIX = "quota_"
_KEY_LENGTH = 64  # oc_appconfig.configkey
_NUMBER = re.compile(r"-?[0-9]{1,18}\Z")


class NextcloudGroupQuotas:
    """See :class:`backend.GroupQuotas`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self, group: str) -> Quota | None:
        """Return the quota kept for a group; a negative one is unlimited for the app.

        :raises CloudError: ``unsupported`` without the app; ``invalid_value`` for a name that is no name of a setting.
        """
        if len(_PREFIX + group) > _KEY_LENGTH or "/" in group:
            longest = _KEY_LENGTH - len(_PREFIX)
            raise CloudError(
                "invalid_value", f"The name of a group with a quota has at most {longest} characters, and no slash."
            )
        if self._settings.read(_APP, "enabled") != "yes":
            raise CloudError(
                "unsupported",
                f"Quotas of groups need the app {_APP}, which is not enabled there: 'occ app:install {_APP}' or"
                f" 'occ app:enable {_APP}' on the cloud does it.",
            )
        text = self._settings.read(_APP, _PREFIX + group)
        if text and not _NUMBER.match(text):
            return None
        return Quota(int(text)) if text and int(text) >= 0 else Quota(None)

    def set(self, group: str, quota: Quota) -> None:
        """Set the quota of a group, or take it away when it is unlimited."""
        self._settings.write(_APP, _PREFIX + group, "" if quota.size is None else str(quota.size))
