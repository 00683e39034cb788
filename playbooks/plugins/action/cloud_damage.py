# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``cloud_damage``: counts what a run does to a cloud's accounts against the limits of an hour.

Options: ``lock``, the lock file of the cloud, which the run holds; ``accounts``, what the run asks for; and afterwards
``reserved``, what this action returned before the run, and ``results``, the module's result for each account.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from bill_nextcloud.damage import Damage, Ledger, asked, done
from bill_nextcloud.errors import EngineUnavailable


class ActionModule(ActionBase):
    """See the module's docstring."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(
            {
                "lock": {"type": "path", "required": True},
                "accounts": {"type": "list", "elements": "dict", "required": True},
                "most": {"type": "int"},
                "reserved": {"type": "float"},
                "results": {"type": "list", "elements": "dict"},
            }
        )
        ledger = Ledger(Path(options["lock"]))
        try:
            if options["reserved"] is None:
                wanted = asked(options["accounts"])
                # The module does none of them when they are more than it may do.
                most = wanted.suspensions if options["most"] is None else min(wanted.suspensions, options["most"])
                return result | {"changed": False, "reserved": ledger.reserve(Damage(wanted.deletions, most))}
            # Without a result for each account what was reserved stays counted: nobody knows what was done.
            if options["results"] and len(options["results"]) == len(options["accounts"]):
                ledger.settle(options["reserved"], done(options["results"], options["accounts"]))
        except EngineUnavailable as error:
            raise AnsibleActionFail(error.parameters["detail"]) from error
        return result | {"changed": False}
