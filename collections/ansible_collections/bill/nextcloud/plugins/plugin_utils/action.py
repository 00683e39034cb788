# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins have in common: they run in the controller's process, with checked arguments; only occ is run
on the host."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import BOUNDS, Spec
from ansible_collections.bill.nextcloud.plugins.plugin_utils.deadline import MISSING_LIBRARY
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.execution import OverConnection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.process import die_with_parent
from ansible_collections.bill.nextcloud.plugins.plugin_utils.secrets import (
    Masker,
    of_arguments,
    of_wrong_type,
)


class CloudAction(ActionBase):
    """Base of the action plugins. A subclass gives ``SPEC`` and :meth:`perform`."""

    TRANSFERS_FILES = False
    _supports_async = False
    _supports_check_mode = True

    SPEC: t.ClassVar[Spec]

    def perform(self, parameters: dict[str, t.Any], host: Host) -> dict[str, t.Any]:
        """Do what the task says.

        :param parameters: arguments that passed the spec.
        :param host: of the task.
        :returns: the task's result.
        """
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Check the arguments, perform the task, and keep secrets out of its words."""
        die_with_parent()
        super().run(tmp, task_vars)
        arguments = _given(self._task.args)
        masker = Masker(of_arguments(arguments))
        validated = ArgumentSpecValidator(**self.SPEC.keywords).validate(arguments)
        problems = [
            f"Unsupported parameters: {error.msg}" if isinstance(error, UnsupportedError) else str(error.msg)
            for error in validated.errors
        ]
        problems += [f"{option} must be text" for option in of_wrong_type(arguments)]
        parameters = validated.validated_parameters
        problems += [
            f"{option} must not be negative"
            for option in self.SPEC.not_negative
            if not problems and parameters.get(option) is not None and parameters[option] < 0
        ]
        problems += [
            f"{option} must be from {least} to {most}"
            for option, (least, most) in BOUNDS.items()
            if not problems and not least <= parameters[option] <= most
        ]
        if problems:
            raise AnsibleActionFail(masker.masked("; ".join(problems)))
        if MISSING_LIBRARY is not None:
            raise AnsibleActionFail(f"The controller's Python lacks requests or urllib3: {MISSING_LIBRARY}")
        host = Host(OverConnection(self, task_vars or {}))
        try:
            result = self.perform(parameters, host)
        except AnsibleError:
            raise
        except Exception as error:  # the edge: Ansible would print the words of a fault of ours, secrets included
            raise AnsibleActionFail(masker.masked(f"{type(error).__name__}: {error}")) from None
        result["transport"] = host.transport()
        masker.mask_words(result)
        return result

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be changed."""
        return bool(self._task.check_mode)

    @property
    def with_diff(self) -> bool:
        """Whether a diff is wanted."""
        return bool(self._task.diff)


def _given(arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the options that are not null, which means not given; those of each account, too.

    Their texts are plain ones: those of Ansible, which know where they come from, take long to copy, and the check of
    the arguments copies them all.
    """
    given = {option: _plain(value) for option, value in arguments.items() if value is not None}
    accounts = given.get("accounts")
    if isinstance(accounts, list):
        given["accounts"] = [
            {option: value for option, value in account.items() if value is not None}
            if isinstance(account, dict)
            else account
            for account in accounts
        ]
    return given


def _plain(value: t.Any) -> t.Any:
    """Return a value with plain texts, lists and dictionaries in it."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, t.Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
