# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``bill-nextcloud drift`` has found, in a file and not in memory: a line of JSON for each finding, as it comes.

Each line has a ``type``: ``difference``, ``unread``, ``cloud`` (the end of one, with its numbers) and ``end``, the last
line of a whole file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from bill_nextcloud.cli.output import failure_json
from bill_nextcloud.drift import CloudDrift, Difference, Unread
from bill_nextcloud.errors import OperationError

if TYPE_CHECKING:
    from bill_nextcloud.billmanager.cloud import Cloud


class Findings:
    """Takes findings, cloud after cloud, into ``file``, and gives them again. ``clouds``: the numbers of each
    cloud; ``unusable``: failures of those that were left out."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.unusable: list[dict[str, Any]] = []
        self.clouds: list[CloudDrift] = []

    def take(self, cloud: Cloud, one: Difference | Unread) -> None:
        """Take what was found on ``cloud``."""
        row: dict[str, Any] = {"cloud": cloud.id, "name": cloud.name, "service": one.service, "account": one.account}
        if isinstance(one, Difference):
            changes = [
                {"field": change["field"], "is": change["before"], "sold": change["after"]} for change in one.changes
            ]
            self._write("difference", **row, changes=changes)
        else:
            self._write("unread", **row, failure=failure_json(one.failure))

    def end_of(self, cloud: CloudDrift) -> None:
        """Nothing more is found on that cloud."""
        self.clouds.append(cloud)
        self._write("cloud", cloud=cloud.cloud, name=cloud.name, **_numbers([cloud]))
        self._file.flush()

    def end(self, unusable: Sequence[OperationError]) -> None:
        """All was taken; ``unusable``: why clouds were left out."""
        self.unusable = [failure_json(error.failure) or {} for error in unusable]
        self._write("end", **_numbers(self.clouds), unusable=self.unusable)
        self._file.flush()

    @property
    def compared(self) -> int:
        """How many accounts were compared."""
        return sum(cloud.compared for cloud in self.clouds)

    @property
    def differences(self) -> int:
        """How many of them differ."""
        return sum(cloud.differences for cloud in self.clouds)

    @property
    def complete(self) -> bool:
        """Whether everything could be compared."""
        return not self.unusable and not any(cloud.unread for cloud in self.clouds)

    def rows(self, kind: str, cloud: int | None = None) -> Iterator[dict[str, Any]]:
        """The lines of type ``kind``, all or those of one cloud, in order."""
        self._file.seek(0)
        for line in self._file:
            row = json.loads(line)
            if row.pop("type") == kind and cloud in (None, row.get("cloud")):
                yield row

    def write_json(self, out: IO[str]) -> None:
        """Write all of it to ``out`` as one document, finding by finding."""
        out.write('{"clouds": [')
        for number, cloud in enumerate(self.clouds):
            about = {"cloud": cloud.cloud, "name": cloud.name, "compared": cloud.compared}
            out.write(f"{',' if number else ''}\n{json.dumps(about, ensure_ascii=False)[:-1]}")
            for name, kind in (("differences", "difference"), ("unread", "unread")):
                out.write(f', "{name}": [')
                between = ""
                for row in self.rows(kind, cloud.cloud):
                    del row["cloud"], row["name"]
                    out.write(f"{between}\n  {json.dumps(row, ensure_ascii=False)}")
                    between = ","
                out.write("]")
            out.write("}")
        out.write(f'],\n"unusable": {json.dumps(self.unusable, ensure_ascii=False)}}}\n')

    def _write(self, kind: str, **row: Any) -> None:
        self._file.write(json.dumps({"type": kind, **row}, ensure_ascii=False).encode() + b"\n")


def _numbers(clouds: Sequence[CloudDrift]) -> dict[str, int]:
    return {name: sum(getattr(cloud, name) for cloud in clouds) for name in ("compared", "differences", "unread")}
