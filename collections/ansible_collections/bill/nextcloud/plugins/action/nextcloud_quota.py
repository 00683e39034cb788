# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs bill.nextcloud.nextcloud_quota in the controller's process."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import QUOTA
from ansible_collections.bill.nextcloud.plugins.plugin_utils import quota_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.action import CloudAction
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host


class ActionModule(CloudAction):
    """The action plugin."""

    SPEC = QUOTA

    def perform(self, parameters: dict[str, t.Any], host: Host) -> dict[str, t.Any]:
        """Return the result of the task."""
        return quota_task.run(parameters, host, check_mode=self.check_mode, with_diff=self.with_diff)
