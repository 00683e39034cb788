# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs bill.nextcloud.nextcloud_user_info in the controller's process."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER_INFO
from ansible_collections.bill.nextcloud.plugins.plugin_utils import user_info_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.action import CloudAction
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host


class ActionModule(CloudAction):
    """The action plugin."""

    SPEC = USER_INFO

    def perform(self, parameters: dict[str, t.Any], host: Host) -> dict[str, t.Any]:
        """Return the result of the task."""
        return user_info_task.run(parameters, host, progress=self._display.v)
