# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host of a task: what Ansible is connected to, which is the cloud's server when occ is to be run."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Execute


class Host:
    """The host of one task.

    :param execute: runs commands there.
    """

    def __init__(self, execute: Execute) -> None:
        self.execute = execute
        self.cloud: Cloud | None = None
        """What the task has opened."""

    def transport(self) -> dict[str, t.Any] | None:
        """Return the item ``transport`` of the task's result: which way was taken to the cloud; None: none was."""
        return self.cloud.transport().shown() if self.cloud is not None else None
