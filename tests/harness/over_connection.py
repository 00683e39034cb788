# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the collection's module `nextcloud_occ` over Ansible's own connection to a host, as a task does, but without a
playbook each time: a process of its own, since Ansible loads the collection in its own manner.

As a program it reads a line of JSON for each execution (arguments, check_mode), and writes one with the result, or with
the fields of the `CloudError` that was raised.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTIONS = REPOSITORY / "collections"


class OverConnection:
    """``with OverConnection(variables, home) as host``: ``variables`` are Ansible's of the host (ansible_connection,
    ansible_host …); ``home`` takes what Ansible keeps."""

    def __init__(self, variables: Mapping[str, Any], home: Path) -> None:
        self._lock = threading.Lock()
        self.executions = 0
        self.commands = 0
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOST_KEY_CHECKING": "True",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__, json.dumps(dict(variables))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate("")

    def execute(self, arguments: Mapping[str, Any], *, check_mode: bool = False) -> dict[str, Any]:
        """Run the module; what it returned. Raises the `CloudError` that the collection made of a failure."""
        from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError

        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self.executions += 1
            self.commands += len(arguments["commands"])
            self._process.stdin.write(json.dumps({"arguments": dict(arguments), "check_mode": check_mode}) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise CloudError(**answer["error"])
        result = answer["result"]
        assert isinstance(result, dict)
        return result


def main() -> None:
    """Execute what is read, until the end of the input."""
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([str(COLLECTIONS)])
    answers, sys.stdout = sys.stdout, sys.stderr
    variables = json.loads(sys.argv[1])
    for line in sys.stdin:
        wish = json.loads(line)
        answers.write(json.dumps(_answer(variables, wish["arguments"], wish["check_mode"])) + "\n")
        answers.flush()


def _answer(variables: dict[str, Any], arguments: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    from ansible.parsing.dataloader import DataLoader
    from ansible.playbook.play_context import PlayContext
    from ansible.playbook.task import Task
    from ansible.plugins.action.normal import ActionModule
    from ansible.plugins.loader import connection_loader
    from ansible.template import Templar
    from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
    from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ import execution

    loader = DataLoader()
    task = Task.load({"name": "occ", "bill.nextcloud.nextcloud_occ": {}})
    task.check_mode = check_mode
    context = PlayContext()
    connection = connection_loader.get(variables["ansible_connection"], context, task_uuid="", ansible_playbook_pid="1")
    connection.set_options(var_options=variables)
    connection._shell.set_options(var_options=variables)
    action = ActionModule(task, connection, context, loader, Templar(loader=loader, variables=variables))
    try:
        result = execution.OverConnection(action, variables)(arguments)
    except CloudError as error:
        fields = ("code", "message", "request", "http_status", "ocs_code", "outcome_unknown", "cloud_wide")
        return {"error": {name: getattr(error, name) for name in fields}}
    return {"result": {"results": result["results"]}}


if __name__ == "__main__":
    main()
