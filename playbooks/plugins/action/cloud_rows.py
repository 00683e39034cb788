# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``cloud_rows``: returns a part of the file that ``cloud_drift`` or ``cloud_usage`` has written.

Options: ``path``, the file; ``begin`` and ``end``, in bytes (see ``bill_nextcloud.runs.rows``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """See the module's docstring."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        number = {"type": "int", "required": True}
        _, options = self.validate_argument_spec(
            {"path": {"type": "path", "required": True}, "begin": number, "end": number}
        )
        with Path(options["path"]).open("rb") as file:
            file.seek(options["begin"])
            rows = file.read(options["end"] - options["begin"]).decode()
        # As one text: Ansible looks at each value of a result several times.
        return result | {"changed": False, "rows": rows}
