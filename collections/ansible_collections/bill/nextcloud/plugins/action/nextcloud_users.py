# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs bill.nextcloud.nextcloud_users in the controller's process."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import ARGUMENT_SPEC
from ansible_collections.bill.nextcloud.plugins.plugin_utils import secrets, task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.deadline import MISSING_LIBRARY
from ansible_collections.bill.nextcloud.plugins.plugin_utils.process import die_with_parent


class ActionModule(ActionBase):
    """The action plugin."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the result of the task; fails only because of its arguments."""
        die_with_parent()
        super().run(tmp, task_vars)
        arguments = self._task.args
        known_secrets = secrets.of_arguments(arguments)
        validated = ArgumentSpecValidator(ARGUMENT_SPEC).validate(arguments)
        problems = [
            f"Unsupported parameters: {error.msg}" if isinstance(error, UnsupportedError) else str(error.msg)
            for error in validated.errors
        ]
        parameters = validated.validated_parameters
        problems += [
            f"{option} must not be negative"
            for option in ("max_deletions", "max_suspensions")
            if not problems and parameters.get(option) is not None and parameters[option] < 0
        ]
        if problems:
            raise AnsibleActionFail(secrets.masked("; ".join(problems), known_secrets))
        if MISSING_LIBRARY is not None:
            raise AnsibleActionFail(f"The controller's Python lacks requests or urllib3: {MISSING_LIBRARY}")
        result = task.run(parameters, check_mode=self._task.check_mode, with_diff=self._task.diff)
        secrets.mask_words(result, known_secrets)
        return result
