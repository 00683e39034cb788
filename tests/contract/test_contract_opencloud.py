# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays what was recorded from an OpenCloud 0.1.0, in order: each exchange builds on what the ones before it left, so
run the whole file."""

from __future__ import annotations

import pytest
from contract.opencloud_0_1 import SUITE, OpenCloudServer
from contract.recording import Recording
from contract.replay import replay


@pytest.mark.parametrize("recording", SUITE.replayed, ids=lambda recording: recording.name)
def test_server_answers_as_recorded(server: OpenCloudServer, recording: Recording) -> None:
    """Status, error code and message, data and the headers that matter are those of the recording."""
    given, recorded = replay(SUITE, server, recording)
    assert given == recorded
