# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker host sends back in ansible-runner's worker stream: events, which become artifacts, and how it ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ansible_runner.streaming import Processor

from bill_nextcloud.errors import (
    OperationError,
    ReleaseDiffers,
    WorkerCredentialsMissing,
    WorkerCredentialsRefused,
    WorkerCredentialsUnusable,
    WorkerRefused,
)
from bill_nextcloud.runs.run import Event

REFUSALS: dict[str, type[OperationError]] = {
    refusal.code: refusal
    for refusal in (
        ReleaseDiffers,
        WorkerCredentialsMissing,
        WorkerCredentialsRefused,
        WorkerCredentialsUnusable,
        WorkerRefused,
    )
}
_IDENTIFIER = re.compile(r"[0-9A-Za-z_-]{1,64}")
_REASON_LENGTH = 300


class Returned:
    """Takes one run's stream. ``artifacts``: the run's directory; ``on_event``: an event handler of ansible-runner.

    ``whole``: the stream came to its end, so nothing runs there any more; ``status`` and ``reason`` say how, in words;
    ``refusal``: why the worker host began nothing; ``mark``: that of its credentials.
    """

    def __init__(self, artifacts: Path, on_event: Callable[[Event], bool]) -> None:
        self._artifacts = artifacts
        self._on_event = on_event
        self.status = "unstarted"
        self.reason = ""
        self.refusal: OperationError | None = None
        self.mark: str | None = None
        self.whole = False

    def take(self, stream: IO[bytes]) -> None:
        """Read ``stream`` to its end, however it ends."""
        processor = _Processor(  # type: ignore[no-untyped-call]
            _input=stream,
            private_data_dir=str(self._artifacts),
            artifact_dir=str(self._artifacts),
            settings={},
            quiet=True,
            event_handler=self._event,
            status_handler=self._status,
        )
        try:
            processor.run()  # type: ignore[no-untyped-call]
        except (_Archive, AttributeError, KeyError, TypeError, ValueError) as error:
            # ansible-runner takes for granted that a stream is well formed.
            self.reason = f"its stream cannot be understood: {type(error).__name__}"
        self.whole = not self.reason
        self.reason = self.reason or f"{self.status}, the stream is whole"

    def _event(self, event: Event) -> bool:
        if not _IDENTIFIER.fullmatch(str(event["uuid"])) or type(event["counter"]) is not int:
            return False  # it would name a file anywhere
        if event.get("stdout"):
            with (self._artifacts / "stdout").open("a", encoding="utf-8") as file:
                file.write(f"{event['stdout']}\n")
        return self._on_event(event)

    def _status(self, status: dict[str, Any], runner_config: object) -> None:
        self.status = str(status["status"])
        if isinstance(status.get("credentials"), str):
            self.mark = _brief(status["credentials"])
        failure = status.get("failure")
        if isinstance(failure, dict) and failure.get("code") in REFUSALS:
            parameters = failure.get("parameters") or {}
            self.refusal = REFUSALS[failure["code"]](**{str(name): _brief(value) for name, value in parameters.items()})
        elif self.status == "error":
            self.reason = _brief(status.get("job_explanation", "error"))


class _Archive(Exception):
    """Something was sent that is not taken."""


class _Processor(Processor):
    def artifacts_callback(self, artifacts_data: object) -> None:
        # It could hold links that lead anywhere on this host. The events have all that is in it.
        raise _Archive


def _brief(value: object) -> str:
    return " ".join(str(value).split())[:_REASON_LENGTH]
