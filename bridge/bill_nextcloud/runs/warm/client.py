# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's side of the warm start: keeps the server, and has it carry out runs in the place of ``subprocess.run``.

A run is begun cold while no server is ready, and where its settings or the files that the server has loaded are not the
same any more; then a new server is started. A run whose server is lost ends as if killed: nothing is known of it.
"""

from __future__ import annotations

import io
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

from bill_nextcloud.log import logger
from bill_nextcloud.process import dying_with_parent
from bill_nextcloud.removal import remove
from bill_nextcloud.runs.run import NICE, PLAYBOOK, environment
from bill_nextcloud.runs.warm import preloaded, server
from bill_nextcloud.runs.warm.key import OF_ONE_RUN, Key

log = logger("warm_start")

# Of a directory below the runtime directory, which is there for seconds, while a server is started.
PREFIX = "warm-"
# Seconds, on a machine that is busy.
_LOADING = 120
_ANSWER = 30
# Until another server is started: the first pause is enough for the files of an upgrade, the longest for what stays
# wrong. One that lived for so long was in order.
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 600.0
_KILLED = -9


@dataclass
class Begun:
    """How a run was begun."""

    warm: bool = False


class _Unusable(Exception):
    """What a server did not do as it should."""


class _Server:
    """One process, started by the calling thread, with which it dies. ``key``: what it has read."""

    def __init__(self, key: Key, private: Path) -> None:
        self.key = key
        self.retired = False
        # A descriptor that is closed while another thread sends may be another's by then.
        self._sending = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = str(theirs.fileno())
            module = [sys.executable, "-P", "-m", server.__name__, number]
            self.process = subprocess.Popen(
                dying_with_parent([*NICE, *module]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=key.directory,
                env={**key.environment, "ANSIBLE_LOCAL_TEMP": str(private)},
                pass_fds=[theirs.fileno()],
            )

    def require_ready(self) -> None:
        """Wait until it is. Raises :class:`_Unusable`."""
        self._control.settimeout(_LOADING)
        try:
            found = self._control.recv(server.LONGEST_MESSAGE)
        except TimeoutError:
            found = b""
        self._control.settimeout(_ANSWER)
        if found != server.READY:
            raise _Unusable(found.decode() or "it did not become ready")

    def retire(self) -> None:
        """Have it end with the last of its runs."""
        self.retired = True
        with self._sending:
            self._control.close()

    def kill(self) -> None:
        """End it and all of its runs."""
        self.process.kill()

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str] | None:
        """Carry ``ansible-playbook`` out with ``arguments`` (its name is the first) and these variables of the
        environment, those of one run; ``None`` when nothing was begun. Neither the run nor a process that it
        forked lives when this returns.

        Raises ``subprocess.TimeoutExpired``.
        """
        with ExitStack() as stack:
            try:
                ours, theirs = (
                    stack.enter_context(one) for one in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                )
                pipes = [_pipe(stack) for _ in range(3)]
                message = json.dumps({"arguments": list(arguments), "environment": dict(environment)}).encode()
                sent = [theirs.fileno(), *(write.fileno() for _, write in pipes)]
                with self._sending:
                    socket.send_fds(self._control, [message], sent)
            except OSError:
                return None
            theirs.close()
            for _, write in pipes:
                write.close()
            output, errors, life = (read for read, _ in pipes)
            collected: dict[IO[bytes], bytearray] = {output: bytearray(), errors: bytearray(), life: bytearray()}
            status = _KILLED
            with self._ended(ours, life):
                ours.settimeout(_ANSWER)
                said = _received(ours)
                if said == server.REFUSED:
                    return None
                # Otherwise the server is gone, or does not answer.
                if said == server.BEGUN:
                    if not _read(collected, time.monotonic() + timeout):
                        raise subprocess.TimeoutExpired(
                            arguments, timeout, bytes(collected[output]), bytes(collected[errors])
                        )
                    ended = _received(ours)
                    status = json.loads(ended)["status"] if ended else _KILLED
        return subprocess.CompletedProcess(arguments, status, _text(collected[output]), _text(collected[errors]))

    @contextmanager
    def _ended(self, channel: socket.socket, life: IO[bytes]) -> Iterator[None]:
        """However it is left: neither the run nor a process that it forked lives then."""
        try:
            yield
        finally:
            # The server kills the run. If it does not, or nobody can tell, it is killed itself, and the kernel does.
            channel.close()
            ended = False
            try:
                ended = _read({life: bytearray()}, time.monotonic() + _ANSWER)
            finally:
                if not ended:
                    self.kill()
                    _read({life: bytearray()}, None)


class WarmStart:
    """Keeps a server for runs of ``project``. ``runtime`` is on a tmpfs; ``home``: see ``run.execute``. Used by the
    clouds' threads at the same time."""

    def __init__(self, project: Path, runtime: Path, home: Path) -> None:
        self._project = project
        self._runtime = runtime
        self._home = home
        self._guard = threading.Lock()
        self._server: _Server | None = None
        # Before the next server is started; replacing one does not shorten it.
        self._pause = _FIRST_PAUSE

    def begin(self) -> None:
        """Start a server, in a thread of its own, without waiting for it."""
        self._start(0.0)

    def carry_out(self, command: Sequence[str], *, begun: Begun, **options: Any) -> subprocess.CompletedProcess[str]:
        """In the place of ``subprocess.run``, for a command that ends with ``run.PLAYBOOK`` and its arguments;
        ``begun`` is filled in."""
        found = self._fitting(options["env"], options["cwd"])
        begun.warm = found is not None
        arguments = command[command.index(str(PLAYBOOK)) :]
        ended = None if found is None else found.run(arguments, _of_one_run(options["env"]), options["timeout"])
        if found is None or ended is None:
            begun.warm = False
            return subprocess.run(command, **options)
        if ended.returncode == server.BROKEN:
            self._replace(found, "a run went wrong before Ansible began, or after it had ended")
        elif ended.returncode != _KILLED:
            with self._guard:
                self._pause = _FIRST_PAUSE
        if options["check"]:
            ended.check_returncode()
        return ended

    def _fitting(self, environment: Mapping[str, str], directory: str) -> _Server | None:
        """The server, if it is ready and has read what this run would."""
        found = self._server
        if found is None:
            return None
        try:
            difference = found.key.difference(Key.of(environment, directory))
        except OSError as error:
            difference = str(error)
        if difference is None:
            return found
        self._replace(found, f"another than the server has: {difference}")
        return None

    def _replace(self, found: _Server, why: str) -> None:
        """Have runs begin cold until there is another server than ``found``."""
        with self._guard:
            if self._server is found:
                self._server = None
                pause = self._next_pause()
                log.warning("cold starts until there is a new server", detail=why, next_start_seconds=pause)
                found.retire()
                self._start(pause)

    def _next_pause(self) -> float:
        """Seconds until another server is started, more each time until a run was fine. For who holds the guard."""
        pause = self._pause
        self._pause = min(2 * pause, _LONGEST_PAUSE)
        return pause

    def _start(self, pause: float) -> None:
        threading.Thread(target=self._keep, args=(pause,), name="warm-start", daemon=True).start()

    def _keep(self, pause: float) -> None:
        """Keep one server after the other, until one is retired."""
        while True:
            time.sleep(pause)
            began = time.monotonic()
            try:
                release = _release()
                if not preloaded.known(release):
                    log.warning("cold starts only", detail=f"ansible-core {release}, tried: {preloaded.RELEASES}")
                    return
                found = self._one()
            except (_Unusable, OSError, subprocess.SubprocessError) as error:
                with self._guard:
                    pause = self._next_pause()
                log.warning("cold starts for now", detail=error, next_start_seconds=pause)
                continue
            status = found.process.wait()
            with self._guard:
                if self._server is found:
                    self._server = None
                if found.retired:
                    return
                if time.monotonic() - began > _LONGEST_PAUSE:
                    self._pause = _FIRST_PAUSE
                pause = self._next_pause()
            log.warning("server of warm starts ended", status=status, next_start_seconds=pause)

    def _one(self) -> _Server:
        """A server that is used from now on. Raises :class:`_Unusable`, ``OSError``."""
        began = time.monotonic()
        private = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._runtime))
        try:
            variables = environment(self._project, private, self._home)
            key = Key.of(variables, str(self._project))
            found = _Server(key, private)
            try:
                found.require_ready()
                self._try(found, private, key)
            except BaseException:
                found.kill()
                found.process.wait()
                raise
        finally:
            remove(private)
        with self._guard:
            self._server = found
        log.info("warm starts", pid=found.process.pid, seconds=time.monotonic() - began)
        return found

    def _try(self, found: _Server, private: Path, key: Key) -> None:
        """Have it begin the least that there is, and look at what that has read."""
        arguments = [str(PLAYBOOK), "--version"]
        ended = found.run(arguments, {"ANSIBLE_LOCAL_TEMP": str(private / "tmp")}, _ANSWER)
        expected = [f"config file = {self._project / 'ansible.cfg'}", f"core {_release()}"]
        if ended is None or ended.returncode or not all(one in ended.stdout for one in expected):
            raise _Unusable(f"a trial of it went wrong: {ended}")
        difference = key.difference(Key.of(key.environment, key.directory))
        if difference is not None:
            raise _Unusable(f"changed meanwhile: {difference}")


def _release() -> str:
    """Of ansible-core. Raises :class:`_Unusable` while that is being installed."""
    try:
        found: str | None = version("ansible-core")
    except PackageNotFoundError as error:
        raise _Unusable(str(error)) from error
    if found is None:  # its directory is there, and the file with the version is not
        raise _Unusable("ansible-core has no version")
    return found


def _of_one_run(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in OF_ONE_RUN if name in environment}


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    read, write = os.pipe()
    return stack.enter_context(open(read, "rb", buffering=0)), stack.enter_context(open(write, "wb", buffering=0))


def _received(channel: socket.socket) -> bytes:
    """The next message; none when the server is gone, or says nothing."""
    with suppress(TimeoutError, ConnectionResetError):
        return channel.recv(server.LONGEST_MESSAGE)
    return b""


def _read(into: Mapping[IO[bytes], bytearray], deadline: float | None) -> bool:
    """Read all to their ends; whether that was before ``deadline`` (monotonic)."""
    # Without a descriptor of its own: there may be none left, and the run has begun.
    with selectors.PollSelector() as selector:
        for pipe in into:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            left = None if deadline is None else deadline - time.monotonic()
            ready = [] if left is not None and left <= 0 else selector.select(left)
            if not ready:
                return False
            for key, _ in ready:
                data = os.read(key.fd, 65536)
                if data:
                    into[key.fileobj].extend(data)  # type: ignore[index]
                else:
                    selector.unregister(key.fileobj)
    return True


def _text(data: bytes | bytearray) -> str:
    """As ``subprocess.run`` makes it."""
    return io.TextIOWrapper(io.BytesIO(data)).read()
