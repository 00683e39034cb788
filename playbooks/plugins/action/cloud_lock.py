# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``cloud_lock``: takes a cloud's lock for the rest of the run.

Options: ``path``, the lock file; ``seconds``, how long to wait for it (default 600). The lock is held by a process of
its own until ``ansible-playbook`` ends, however it ends.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """See the module's docstring."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(
            {"path": {"type": "path", "required": True}, "seconds": {"type": "float", "default": 600}}
        )
        playbook = multiprocessing.parent_process()
        if playbook is None or playbook.pid is None:
            raise AnsibleActionFail("cloud_lock runs in a worker process of ansible-playbook only")
        arguments = [options["path"], str(playbook.pid), str(options["seconds"])]
        holder = subprocess.Popen(
            [sys.executable, "-m", "bill_nextcloud.lock", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        assert holder.stdout is not None
        assert holder.stderr is not None
        if holder.stdout.readline().strip() != "locked":
            raise AnsibleActionFail(holder.stderr.read().strip().splitlines()[-1])
        return result | {"changed": False, "path": options["path"]}
