# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bridge sends to a worker host: a run, in ansible-runner's transmit stream."""

from __future__ import annotations

import json
import platform
from typing import IO, Any

from ansible_runner.streaming import Transmitter
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bill_nextcloud.errors import ReleaseDiffers, WorkerRefused
from bill_nextcloud.runs.run import Run

_KEY = "transmission"
_MOST_BYTES = 64 * 1024 * 1024


class Transmission(BaseModel):
    """``release`` is the sender's (see ``release``); ``lease`` in seconds (see ``lease``); ``url`` and ``username`` are
    the cloud's: its password is the worker host's own. ``refused``: marks of credentials that are not to be tried (see
    ``refused``)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    release: str
    lease: int = Field(ge=1, le=300)
    url: str
    username: str
    refused: list[str]
    run: Run

    def send(self, output: IO[bytes]) -> None:
        """Write it. Nothing of it is written to a file: ansible-runner's stream of a directory would pass through one
        on disk."""
        # No ansible-runner's arguments are sent either: what is started there is the worker host's own business.
        arguments = {_KEY: self.model_dump()}
        Transmitter(_output=output, private_data_dir="/", only_transmit_kwargs=True, **arguments).run()


def receive(stream: IO[bytes], release: str) -> Transmission:
    """Read one, on a worker host of the release ``release``. Raises :class:`ReleaseDiffers`, :class:`WorkerRefused`."""
    sent = _sent(stream)
    senders = sent.get("release") if isinstance(sent, dict) else None
    if senders != release:
        # In the words of the sender, who tells people.
        raise ReleaseDiffers(host=platform.node(), theirs=release, ours=senders)
    try:
        return Transmission.model_validate(sent)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors(include_input=False))
        raise _refused(f"unusable fields: {fields}") from None


def _sent(stream: IO[bytes]) -> Any:
    sent = None
    while True:
        line = stream.readline(_MOST_BYTES)
        try:
            data = json.loads(line)
        except ValueError:
            raise _refused("standard input is not a stream of ansible-runner transmit") from None
        if data == {"eof": True}:
            return sent
        if not isinstance(data, dict) or not isinstance(data.get("kwargs"), dict):
            raise _refused("the stream holds more than a run")
        sent = data["kwargs"].get(_KEY)


def _refused(detail: str) -> WorkerRefused:
    return WorkerRefused(host=platform.node(), detail=detail)
