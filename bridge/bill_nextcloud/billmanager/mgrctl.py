# SPDX-License-Identifier: GPL-3.0-or-later
"""BILLmanager's command line, ``mgrctl``: the only way by which the bridge writes to BILLmanager."""

from __future__ import annotations

import os
import subprocess
import threading
import xml.etree.ElementTree as ElementTree
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bill_nextcloud.errors import BillmanagerRefused, BillmanagerUnavailable
from bill_nextcloud.process import dying_with_parent

# Each call is a process, and after a batch hundreds of operations report at once. Not fewer on a small machine: calls
# that BILLmanager does not answer must not keep all others waiting.
AT_ONCE = 8
# After runs, which have 5.
_NICE = ("nice", "-n", "10")


class Turns:
    """So many at once; of those who wait, who is ``last`` comes after all others, otherwise who came first."""

    def __init__(self, count: int) -> None:
        self._count = self._free = count
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._last: deque[threading.Event] = deque()

    @contextmanager
    def one(self, *, last: bool) -> Iterator[bool]:
        """Wait for a turn, which lasts as long as the block; whether it is the only one then."""
        called = threading.Event()
        with self._guard:
            if self._free:
                self._free -= 1
                called.set()
            else:
                (self._last if last else self._waiting).append(called)
        called.wait()
        try:
            yield self._free == self._count - 1
        finally:
            with self._guard:
                line = self._waiting or self._last
                if line:
                    line.popleft().set()
                else:
                    self._free += 1


_turns = Turns(AT_ONCE)


@dataclass(frozen=True)
class Mgrctl:
    """Calls of ``mgrctl -m billmgr``. ``program``: its path; ``timeout``: seconds for one call; ``last``: when
    there are several calls, these leave turns and processors to others, to runs as well."""

    program: Path
    timeout: float = 60
    last: bool = False

    def call(
        self, function: str, parameters: dict[str, str], secrets: dict[str, str] | None = None
    ) -> ElementTree.Element:
        """Call ``function`` and return the ``doc`` element of the answer.

        ``secrets`` travel in the environment (``-e 'name=$VARIABLE'``), which only the same user can read, and never as
        arguments. Raises :class:`BillmanagerUnavailable` when there is no answer (not started, killed, too slow, no
        XML) and :class:`BillmanagerRefused` when the answer is an error, which may come with exit status 0.
        """
        if not os.access(self.program, os.X_OK):
            raise BillmanagerUnavailable(detail=f"mgrctl: not there or not executable: {self.program}")
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        command = [str(self.program), "-m", "billmgr", "-o", "xml"]
        for number, (name, value) in enumerate((secrets or {}).items()):
            variable = f"BILL_NEXTCLOUD_{number}"
            environment[variable] = value
            command += ["-e", f"{name}=${variable}"]
        command += [function, *(f"{name}={value}" for name, value in parameters.items())]
        hidden = list((secrets or {}).values())
        try:
            with _turns.one(last=self.last) as alone:
                done = subprocess.run(
                    dying_with_parent(command if alone or not self.last else [*_NICE, *command]),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=self.timeout,
                    check=False,
                )
        except subprocess.TimeoutExpired as error:
            raise BillmanagerUnavailable(detail=f"mgrctl {function}: no answer within {self.timeout:g} s") from error
        except OSError as error:
            raise BillmanagerUnavailable(detail=f"mgrctl: {error.strerror}: {self.program}") from error
        except ValueError as error:
            # A zero byte, or half of a surrogate pair. Not the error's own words: they may repeat a secret.
            raise BillmanagerRefused(function=function, detail="a value that no argument can hold") from error
        try:
            document = ElementTree.fromstring(done.stdout)
        except ElementTree.ParseError as error:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no XML in the answer"]
            raise BillmanagerUnavailable(
                detail=f"mgrctl {function}: exit status {done.returncode}: {_masked(said[0], hidden)[:200]}"
            ) from error
        refusal = document.find("error")
        if refusal is not None:
            named = [refusal.get(name) for name in ("type", "object", "value")]
            detail = _masked(", ".join(part for part in named if part), hidden)
            raise BillmanagerRefused(function=function, detail=detail or "an error without a type")
        if done.returncode != 0:
            raise BillmanagerUnavailable(detail=f"mgrctl {function}: exit status {done.returncode} without an error")
        return document

    def save_parameter(self, service: int, name: str, value: str, *, encrypted: bool = False) -> None:
        """Write a parameter of a service (``itemparam``, or ``itemcryptedparam`` when ``encrypted``)."""
        parameters = {"elid": str(service), "name": name, "crypted": "on" if encrypted else "off", "sok": "ok"}
        self.call("service.saveparam", parameters, secrets={"value": value})

    def drop_parameter(self, service: int, name: str) -> None:
        """Take a parameter of a service away."""
        self.call("service.dropparam", {"elid": str(service), "name": name, "sok": "ok"})


def _masked(text: str, hidden: list[str]) -> str:
    # An error of BILLmanager may repeat the value that it refuses.
    for value in hidden:
        text = text.replace(value, "***") if value else text
    return text
