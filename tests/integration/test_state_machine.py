# SPDX-License-Identifier: GPL-3.0-or-later
"""Random days of a provider, with everything that can go wrong; whatever happens, in the end everything agrees.

More of them: STATE_MACHINE_EXAMPLES=50 .venv/bin/pytest tests/integration/test_state_machine.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from harness.turmoil import Turmoil
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

# The first is the shortest that there is: Hypothesis begins with it.
EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "2"))
STEPS = 40
CLOUD_FAULTS = [
    "status",
    "html",
    "empty",
    "cut_before",
    "cut_after",
    "delay",
    "delay_after",
    "maintenance",
    "rate_limit",
]
MGRCTL_FAULTS = ["exit", "exit_after", "error", "error_exit_0", "hang", "kill_caller_before", "kill_caller_after"]
FUNCTIONS = [
    "service.saveparam",
    "backupservice.open",
    "service.postsetparam",
    "service.postsuspend",
    "service.postresume",
    "service.postclose",
    "service.postreopen",
]

number = st.integers(0, 30)
# How often the module is called at once: once, twice in parallel, or not yet.
calls = st.sampled_from([1, 1, 1, 2, 0])


ORDER = {"tariff": st.sampled_from([0, 1, 2]), "calls": calls}
# Methods of `Turmoil`: how often, and values for them. The first is what Hypothesis takes where anything would do.
HAPPENINGS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {
    "wait": (3, {}),
    "pause": (4, {}),
    "order": (2, ORDER),
    "begin": (12, {"service": number, "command": number, "calls": calls}),
    "close_unopened": (1, {"service": number, "calls": calls}),
    "call": (2, {"number": number, "calls": calls}),
    "repeat": (1, {}),
    "customer_changes": (3, {"number": number}),
    "stranger": (2, {"number": number}),
    "hold": (1, {}),
    "release": (1, {}),
    "retry": (1, {"number": number}),
    "password_changes": (1, {}),
    "password_is_entered": (2, {}),
    "kill_worker": (1, {}),
    "kill_runs": (1, {}),
    "kill_callers": (1, {}),
    "cloud_fault": (2, {"kind": st.sampled_from(CLOUD_FAULTS), "times": st.integers(1, 3)}),
    "cloud_recovers": (2, {}),
    "mgrctl_fault": (2, {"kind": st.sampled_from(MGRCTL_FAULTS), "function": st.sampled_from(FUNCTIONS)}),
    "panel_fails": (1, {"what": st.sampled_from(["database", "all"])}),
    "panel_recovers": (2, {}),
}
# One rule instead of one for each: Hypothesis leaves out rules at random, and takes all others equally often.
happenings = st.sampled_from([name for name, (times, _) in HAPPENINGS.items() for _ in range(times)]).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(HAPPENINGS[name][1]))
)


class Days(RuleBasedStateMachine):
    """Most of what happens does not wait for what happened before."""

    directory: pytest.TempPathFactory
    mariadb: Path | None

    def __init__(self) -> None:
        super().__init__()
        self.turmoil = Turmoil(Path(self.directory.mktemp("turmoil")), self.mariadb)

    @initialize(orders=st.lists(st.fixed_dictionaries(ORDER), min_size=4, max_size=6))
    def begins(self, orders: list[dict[str, Any]]) -> None:
        for values in orders:
            self.turmoil.order(**values)
        self.turmoil.wait()
        self.turmoil.customer_changes(0)

    @rule(what=happenings)
    def happens(self, what: tuple[str, dict[str, Any]]) -> None:
        name, values = what
        getattr(self.turmoil, name)(**values)

    @invariant()
    def bridge_is_started_again(self) -> None:
        self.turmoil.revive()

    def teardown(self) -> None:
        try:
            violations = self.turmoil.settle()
            assert violations == [], "\n".join([*violations, self.turmoil.stack.worker.log.read_text()[-4000:]])
        finally:
            self.turmoil.end()


def test_everything_agrees_in_the_end(tmp_path_factory: pytest.TempPathFactory, administrator: Path | None) -> None:
    """The clouds have what was sold, strangers' accounts and customers' own fields are untouched, every operation was
    reported exactly once, the delivered passwords work, and no secret is in a file."""
    Days.directory, Days.mariadb = tmp_path_factory, administrator
    run_state_machine_as_test(
        Days,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            # A failure is shown as it came: with what goes on beside it no other run is the same.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
