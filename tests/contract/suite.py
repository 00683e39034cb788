# SPDX-License-Identifier: GPL-3.0-or-later
"""What is replayed of one product, and how: the part that each product's module fills in as its `SUITE`."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Generic, NamedTuple

from contract.compare import Given
from contract.recording import Recording
from contract.server import Credentials, ServerT
from standins.cloud.process import StandinCloud


class LeftOut(NamedTuple):
    """What is not replayed: a pattern (fnmatch) of recording names, the reason, and whether it holds on a real server
    only."""

    pattern: str
    reason: str
    real_server_only: bool = True


@dataclass(frozen=True)
class Suite(Generic[ServerT]):
    """One product.

    product: what the stand-in is to be. variables: NAME_URL, NAME_USER and NAME_PASSWORD in the environment name a real
    server. recordings, count: all of them, and how many they are. server: the server under test, of its address,
    administrator and stand-in (None: a real one). comparable: the parts of an answer that must be equal.
    preparations: by pattern of recording names, what these need that was made by calls nobody recorded. releases: the
    main versions of real servers that are held to these recordings, where other suites are for other releases.
    """

    product: str
    variables: str
    recordings: tuple[Recording, ...]
    count: int
    server: Callable[[str, Credentials, StandinCloud | None], ServerT]
    comparable: Callable[[Given, Recording, ServerT], Any]
    preparations: Mapping[str, Callable[[ServerT, Recording], None]]
    left_out: tuple[LeftOut, ...]
    releases: Container[int] = ()

    def reason_to_leave_out(self, recording: Recording, *, real_server: bool) -> str | None:
        """Why the recording is not replayed against this kind of server; None when it is."""
        for entry in self.left_out:
            if fnmatchcase(recording.name, entry.pattern) and (real_server or not entry.real_server_only):
                return entry.reason
        return None

    @cached_property
    def replayed(self) -> tuple[Recording, ...]:
        """All recordings that are replayed against the stand-in."""
        return tuple(one for one in self.recordings if self.reason_to_leave_out(one, real_server=False) is None)

    @cached_property
    def first_of_parts(self) -> frozenset[str]:
        """Names of the recordings before which the server was empty."""
        return frozenset({one.part: one.name for one in reversed(self.recordings)}.values())

    def prepare(self, server: ServerT, recording: Recording) -> None:
        """Bring the server into the state in which this exchange was recorded."""
        for pattern, preparation in self.preparations.items():
            if fnmatchcase(recording.name, pattern):
                preparation(server, recording)
