# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run hands back on the way: its parts, how far it is, and whether all parts have arrived."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from bill_nextcloud.errors import RunUnknown
from bill_nextcloud.runs.rows import Rows, passing, trouble
from bill_nextcloud.runs.run import Results
from harness.runs import one_run

RUN = one_run(playbook="drift", lines="[1, {}]\n[2, {}]\n", accounts=[], passwords={})


def event(name: str, **data: Any) -> dict[str, Any]:
    """One of ansible-runner's."""
    return {"event": name, "stdout": "", "event_data": data}


def part(*services: int, action: str = "cloud_rows") -> dict[str, Any]:
    """The result of a task that hands rows back, or of another action's."""
    # A name may have what else ends a line.
    rows = "".join(
        json.dumps({"service": number, "name": "a\u2028b"}, ensure_ascii=False) + "\n" for number in services
    )
    return event("runner_on_ok", task_action=action, res={"rows": rows})


def ended(rows: int) -> dict[str, Any]:
    """The end of a run that says how many rows there were."""
    handed_back = {"nextcloud_drift": {RUN.host: {"compared": 2, "rows": rows, "failure": None}}}
    return event("playbook_on_stats", artifact_data=handed_back)


def test_parts_are_told_as_they_come() -> None:
    """And so is how far the run is; what other tasks return and print is neither."""
    rows: list[int] = []
    done: list[int] = []
    results = Results(lambda page: rows.extend(row["service"] for row in page), done.append)
    for one in (part(1, 2), part(9, action="debug"), {**event("verbose"), "stdout": "500 accounts done"}):
        assert results(one)
    results({**event("verbose"), "stdout": "it says: 7 accounts done"})
    assert (rows, done) == ([1, 2], [500])
    results(part(3))
    results(ended(3))
    assert results.of(RUN, "Blue", "successful")["compared"] == 2
    assert rows == [1, 2, 3]


@pytest.mark.parametrize("rows", [1, 3])
def test_a_part_that_was_lost(rows: int) -> None:
    """Then nobody knows what the run has found."""
    results = Results()
    results(part(1, 2))
    results(ended(rows))
    with pytest.raises(RunUnknown):
        results.of(RUN, "Blue", "successful")


def test_rows_and_their_parts() -> None:
    """Each part is where it is said to be; one without a row is none."""
    file = io.BytesIO()
    rows = Rows(file)
    rows.end_part()
    rows.add(service=1, name="Ёж")
    rows.add(service=2, name="b\nc")
    rows.end_part()
    rows.end_part()
    rows.add(service=3, name="d")
    rows.end_part()
    written = file.getvalue()
    parts = [written[one["begin"] : one["end"]].splitlines() for one in rows.parts]
    assert [[json.loads(line)["name"] for line in lines] for lines in parts] == [["Ёж", "b\nc"], ["d"]]
    assert rows.count == 3


def fault(kind: str, *, cloud_wide: bool = False) -> Any:
    """One of an account, or of all."""
    return SimpleNamespace(kind=kind, cloud_wide=cloud_wide)


def test_when_a_cloud_is_given_up() -> None:
    """For a fault that is the cloud's, when many accounts cannot be read for now, and when none of the first can be."""
    final, held = fault("final"), fault("final", cloud_wide=True)
    temporary = [fault("temporary") for _ in range(11)]
    assert passing([final, *temporary]) == temporary
    assert trouble([], 500, answered=False) is None
    assert trouble([final] * 500, 500, answered=False) is None
    assert trouble([final, held], 500, answered=False) is held
    assert trouble(temporary[:10], 500, answered=False) is None
    assert trouble([final, *temporary], 500, answered=False) is temporary[0]
    assert trouble(temporary[:2], 2, answered=False) is temporary[0]
    assert trouble([final, temporary[0]], 2, answered=False) is None
    # The last ones of many.
    assert trouble(temporary[:2], 2, answered=True) is None
    assert trouble(temporary, 11, answered=True) is temporary[0]
    assert trouble([fault("held", cloud_wide=True)], 1, answered=True) is not None
