# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays what was recorded of occ, in order: each command builds on what the ones before it left, so run the whole
file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fnmatch import fnmatchcase

import pytest
from contract.occ import Occ, OccRecording, OccSuite, command_of
from contract.occ_suites import SUITES
from standins.cloud.process import StandinCloud

_OF_ALL = pytest.mark.parametrize("suite", [pytest.param(suite, id=name) for name, suite in SUITES.items()])


@pytest.fixture(scope="module")
def occ_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[OccSuite], Occ]]:
    """Gives the occ under test of a suite, always the same; servers are cleaned at the end."""
    started: dict[str, Occ] = {}
    with ExitStack() as stack:

        def start(suite: OccSuite) -> Occ:
            command = command_of(suite)
            if command:
                occ = Occ(command, None)
                stack.callback(suite.remove_everything, occ)
                return occ
            folder = tmp_path_factory.mktemp("cloud")
            standin = StandinCloud(folder, product=suite.product, admin_password="Admin-of-the-stand-in-0")
            path = stack.enter_context(standin).install_occ(folder / "www")
            return Occ([str(path.with_name("php")), str(path)], standin)

        def occ(suite: OccSuite) -> Occ:
            if suite.product not in started:
                started[suite.product] = start(suite)
            return started[suite.product]

        yield occ


@pytest.mark.parametrize(
    ("suite", "recording"),
    [
        pytest.param(suite, recording, id=f"{name}-{recording.name}")
        for name, suite in SUITES.items()
        for recording in suite.recordings
    ],
)
def test_command_ends_as_recorded(occ_of: Callable[[OccSuite], Occ], suite: OccSuite, recording: OccRecording) -> None:
    """Exit code, stdout and stderr are those of the recording."""
    occ = occ_of(suite)
    reason = suite.reason_to_leave_out(recording, occ)
    if reason:
        pytest.skip(reason)
    given, recorded = suite.replay(occ, recording)
    assert given == recorded


@_OF_ALL
def test_every_pattern_of_the_tables_matches_something(suite: OccSuite) -> None:
    """A pattern that matches nothing is a mistake or out of date, and no recording got lost."""
    names = [recording.name for recording in suite.recordings]
    patterns = [entry.pattern for entry in suite.left_out] + list(suite.preparations)
    assert [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)] == []
    assert len(set(names)) == len(names) == suite.count
