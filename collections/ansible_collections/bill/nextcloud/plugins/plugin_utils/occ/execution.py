# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module ``nextcloud_occ`` over the connection that Ansible has to a task's host."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.refusals import (
    connection_fault,
    result_fault,
    sentence,
)

_MODULE = "bill.nextcloud.nextcloud_occ"
_CONNECTION = {
    # Otherwise the arguments, passwords among them, would lie in a file on the host while the module runs.
    "pipelining": True,
    # A connection that breaks in the middle must not begin the same changes again.
    "reconnection_retries": 0,
}


class OverConnection:
    """See :data:`server.Execute`. One execution at a time.

    :param action: the action plugin of the task.
    :param task_vars: the task's variables; among them is which Python the host has, once Ansible has found it out.
    """

    def __init__(self, action: ActionBase, task_vars: dict[str, t.Any]) -> None:
        self._action = action
        self._task_vars = task_vars

    def __call__(self, arguments: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
        """Run the module with these arguments.

        :raises CloudError: when it could not be run, or what it did is not known.
        """
        connection = self._action._connection
        for option, value in _CONNECTION.items():
            if option in connection.option_definitions:
                connection.set_option(option, value)
        if not self._action._is_pipelining_enabled("new"):
            raise CloudError(
                "occ_unusable",
                f"The connection {connection.transport} to the host cannot hand arguments over without a file on it"
                " (pipelining), or Ansible is told to keep remote files.",
            )
        try:
            result = self._action._execute_module(
                module_name=_MODULE, module_args=dict(arguments), task_vars=self._task_vars
            )
        except AnsibleConnectionFailure as error:
            raise connection_fault(str(error)) from error
        except AnsibleError as error:
            raise CloudError("occ_unusable", sentence(str(error))) from error
        if "results" not in result:
            raise result_fault(result)
        return t.cast(t.Mapping[str, t.Any], result)
