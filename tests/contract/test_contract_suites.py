# SPDX-License-Identifier: GPL-3.0-or-later
"""Of no product is a recording lost, and no table names one that does not exist."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from contract import nextcloud_17, nextcloud_31, opencloud_0_1, owncloud_10
from contract.suite import Suite

_OF_ALL = pytest.mark.parametrize(
    "suite",
    [
        pytest.param(nextcloud_31.SUITE, id="nextcloud-31"),
        pytest.param(owncloud_10.SUITE, id="owncloud-10"),
        pytest.param(opencloud_0_1.SUITE, id="opencloud-0.1"),
        pytest.param(nextcloud_17.SUITE, id="nextcloud-17"),
    ],
)


@_OF_ALL
def test_every_recording_is_replayed_or_listed(suite: Suite[Any]) -> None:
    """No recording is lost without a reason, and none is listed twice over."""
    names = {item.name for item in suite.recordings}
    listed = {item.name for item in suite.recordings if suite.reason_to_leave_out(item, real_server=False)}
    assert {item.name for item in suite.replayed} | listed == names
    assert len(names) == len(suite.recordings) == suite.count


@_OF_ALL
def test_every_pattern_of_the_tables_matches_something(suite: Suite[Any]) -> None:
    """A pattern that matches nothing is a mistake or out of date."""
    patterns = [entry.pattern for entry in suite.left_out] + list(suite.preparations)
    names = [item.name for item in suite.recordings]
    assert [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)] == []
