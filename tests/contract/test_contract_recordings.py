# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays what was recorded from a Nextcloud 31, in order: each exchange builds on what the ones before it left, so run
the whole file."""

from __future__ import annotations

import pytest
from contract.nextcloud_31 import SUITE, NextcloudServer
from contract.real import skip_other_releases
from contract.recording import Recording
from contract.replay import replay

skip_other_releases(SUITE)


@pytest.mark.parametrize("recording", SUITE.replayed, ids=lambda recording: recording.name)
def test_server_answers_as_recorded(server: NextcloudServer, recording: Recording) -> None:
    """Status, OCS code, message, data and the headers that matter are those of the recording."""
    given, recorded = replay(SUITE, server, recording)
    assert given == recorded
