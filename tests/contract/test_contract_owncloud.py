# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays what was recorded from an ownCloud 10, in order: each exchange builds on what the ones before it left, so run
the whole file."""

from __future__ import annotations

import pytest
from contract.owncloud_10 import SUITE, OwnCloudServer
from contract.recording import Recording
from contract.replay import replay


@pytest.mark.parametrize("recording", SUITE.replayed, ids=lambda recording: recording.name)
def test_server_answers_as_recorded(server: OwnCloudServer, recording: Recording) -> None:
    """Status, OCS code, message, data and the headers that matter are those of the recording."""
    given, recorded = replay(SUITE, server, recording)
    assert given == recorded
