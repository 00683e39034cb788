# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that begin warm, beside the same that begin cold: nobody can tell them apart, and none outlives who waits."""

from __future__ import annotations

import json
import re
import resource
import socket
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from bill_nextcloud.runs.run import PLAYBOOK, Access, Results, Run, Start, environment, execute
from bill_nextcloud.runs.warm import client
from bill_nextcloud.runs.warm.client import Begun, WarmStart
from harness import tmpfs
from harness.environment import leave_pytest_out
from harness.processes import until
from harness.worker import REPOSITORY
from standins.cloud.process import StandinCloud

ADMIN_PASSWORD = "Admin-of-the-stand-in-1"
PASSWORD = "Pass-word-of-anna-1"
WISH = {"name": "anna", "state": "present", "display_name": "Анна {{ lookup('pipe', 'id') }}", "quota": "1073741824"}
# Names and numbers of runs, plays, tasks and processes; times; which of two things came first in the same moment.
OF_ONE_RUN = re.compile(
    r"\b[0-9a-f]{32}\b|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|ansible-local-\w+|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(\+00:00)?|\"(pid|duration)\": [\d.e-]+"
)


@dataclass
class Place:
    """A cloud, and where its runs are carried out. ``warm`` has a server."""

    cloud: StandinCloud
    runtime: Path
    artifacts: Path
    warm: WarmStart

    @property
    def home(self) -> Path:
        """Ansible's own directory."""
        return self.runtime / "ansible"

    def play(self, start: Start, access: Access | None = None, **fields: Any) -> tuple[Any, dict[str, str]]:
        """Carry a run out: how it ended with what it handed back, and all files that are left of it, without what
        differs in each run."""
        leave_pytest_out()
        run = Run(**{"ident": uuid.uuid4().hex, "cloud": 3, "playbook": "accounts", "timeout": 60, **fields})
        private = self.runtime / f"run-{run.ident}"
        private.mkdir(mode=0o700)
        results = Results()
        ended = execute(
            run,
            access or Access(self.cloud.url, "admin", ADMIN_PASSWORD),
            project=REPOSITORY,
            private=private,
            home=self.home,
            session=private / "session",
            artifacts=self.artifacts,
            on_event=results,
            start=start,
        )
        folder = self.artifacts / run.ident
        events = [json.loads(path.read_text("utf-8")) for path in (folder / "job_events").iterdir()]
        left = {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.is_file()}
        # Standard output and standard error are counted by themselves.
        events.sort(key=lambda one: (one["counter"], one["event"], one["stdout"]))
        # The order within one is no matter to ansible-runner.
        left["events"] = json.dumps(events, indent=1, sort_keys=True, ensure_ascii=False)
        left["private"] = "\n".join(sorted(str(path.relative_to(private)) for path in private.rglob("*")))
        return (ended, results._handed_back), {name: OF_ONE_RUN.sub("…", text) for name, text in left.items()}

    def begin_warm(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """In the place of ``subprocess.run``; a run that would be begun cold is a failure."""
        begun = Begun()
        try:
            return self.warm.carry_out(command, begun=begun, **options)
        finally:
            assert begun.warm

    def both(self, access: Access | None = None, before: Callable[[], object] = lambda: None, **fields: Any) -> Any:
        """Carry it out cold and then warm, each time after ``before``: what came of it, which must be the same."""
        found = []
        for start in (subprocess.run, self.begin_warm):
            before()
            found.append(self.play(start, access, **fields))
        (cold, cold_left), (warm, warm_left) = found
        assert warm == cold
        assert warm_left.keys() == cold_left.keys()
        for name, text in cold_left.items():
            assert warm_left[name] == text, name
        return warm

    def server(self) -> psutil.Process:
        """The process of the server that is ready."""
        until(lambda: self.warm._server is not None)
        assert self.warm._server is not None
        return psutil.Process(self.warm._server.process.pid)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One server for all tests, as the worker has."""
    leave_pytest_out()
    runtime = tmpfs.make()
    warm = WarmStart(REPOSITORY, runtime, runtime / "ansible")
    warm.begin()
    with StandinCloud(tmp_path_factory.mktemp("cloud"), admin_password=ADMIN_PASSWORD) as cloud:
        found = Place(cloud, runtime, tmp_path_factory.mktemp("artifacts"), warm)
        found.server()
        yield found
    tmpfs.remove(runtime)


def made(found: Any) -> list[Any]:
    """How a run of ``accounts`` ended, and for each account the code of its failure, or what was done."""
    ended, handed_back = found
    results = handed_back["nextcloud_users"]["cloud_3"]
    return [ended, *(one["failure"]["code"] if one["failure"] else one["action"] for one in results)]


@pytest.mark.parametrize("check", [False, True])
def test_an_account_is_made(place: Place, check: bool) -> None:
    """And looked at only; its customer's name is no template and stays what it is."""
    found = place.both(before=place.cloud.reset, accounts=[WISH], passwords={"anna": PASSWORD}, check=check)
    assert made(found) == [("successful", 0), "created"]
    (result,) = found[1]["nextcloud_users"]["cloud_3"]
    assert {"field": "display_name", "before": None, "after": WISH["display_name"]} in result["changes"]


def test_an_account_that_fails(place: Place) -> None:
    """It fails the run, and the others are made."""
    wishes = [WISH, {**WISH, "name": "boris"}]
    passwords = {"anna": PASSWORD, "boris": "x"}
    found = place.both(before=place.cloud.reset, accounts=wishes, passwords=passwords)
    assert made(found) == [("failed", 2), "created", "password_refused"]


@pytest.mark.parametrize("case", ["refused", "unreachable"])
def test_a_cloud_that_fails(place: Place, case: str) -> None:
    """Wrong credentials, and nobody who listens."""
    url = {"refused": place.cloud.url, "unreachable": "http://127.0.0.1:9"}[case]
    found = place.both(Access(url, "admin", "another"), place.cloud.reset, accounts=[WISH])
    assert found[0] == ("failed", 2)
    assert made(found)[1] == {"refused": "wrong_credentials", "unreachable": "unreachable"}[case]


def test_the_other_playbooks(place: Place) -> None:
    """What they read."""
    place.cloud.reset()
    for playbook, key in (("probe", "nextcloud_probe"), ("groups", "nextcloud_groups"), ("import", "nextcloud_import")):
        ended, handed_back = place.both(playbook=playbook)
        assert ended == ("successful", 0)
        assert handed_back[key]["cloud_3"]["failure"] is None


def test_a_playbook_that_breaks_off(place: Place) -> None:
    """What it hands back is nothing, and what it said is kept."""
    ended, handed_back = place.both(accounts=[{"name": "anna", "nonsense": 1}])
    assert (ended, handed_back) == (("failed", 2), {})


def test_a_run_that_takes_too_long(place: Place) -> None:
    """Is ended with all that belongs to it, before anybody hears of it. (How far it came depends on the machine.)"""
    place.cloud.fault("delay", method="GET", seconds=20.0)
    server = place.server()
    for start in (subprocess.run, place.begin_warm):
        assert place.play(start, accounts=[WISH], timeout=2)[0] == (("timeout", 254), {})
    assert [one for one in server.children(recursive=True) if lives(one)] == []
    place.cloud.clear_faults()
    # Whom nobody waits for is reaped all the same.
    until(lambda: not server.children())


def lives(process: psutil.Process) -> bool:
    """Whether it has not ended; who has ended may be waiting for its parent to ask."""
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def held(place: Place) -> tuple[threading.Thread, list[Any]]:
    """Begin a run warm in a thread, and return when it waits for the cloud."""
    place.cloud.reset()
    seen = len(place.cloud.arrivals())
    place.cloud.fault("hold", method="GET", path="/cloud/users")
    found: list[Any] = []
    wish: dict[str, Any] = {"accounts": [WISH], "passwords": {"anna": PASSWORD}}
    thread = threading.Thread(target=lambda: found.append(place.play(place.begin_warm, **wish)[0]))
    thread.start()
    until(lambda: any("/cloud/users" in one["path"] for one in place.cloud.arrivals()[seen:]))
    return thread, found


@pytest.mark.parametrize("killed", ["run", "server"])
def test_a_run_that_is_killed(place: Place, killed: str) -> None:
    """Hands nothing back: it is not known what it did. With the server ends all that it has begun, and there is a new
    one."""
    server = place.server()
    thread, found = held(place)
    (run,) = server.children()
    begun = server.children(recursive=True)
    assert len(begun) == 2
    assert run.name() == "ansible-playboo"
    (run if killed == "run" else server).kill()
    thread.join(30)
    assert found == [(("failed", -9), {})]
    _, alive = psutil.wait_procs(begun, timeout=5)
    assert alive == []
    place.cloud.clear_faults()
    assert (place.server() == server) == (killed == "run")
    assert made(place.both(before=place.cloud.reset, accounts=[WISH], passwords={"anna": PASSWORD}, check=True)) == [
        ("successful", 0),
        "created",
    ]


HANGING = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  tasks:
    - ansible.builtin.command: sh -c 'echo $$ > {path}.new && mv {path}.new {path} && exec sleep 60'
"""


def test_a_run_whose_task_hangs(place: Place, tmp_path: Path) -> None:
    """With it, all die that it has forked, and no other run does."""
    leave_pytest_out()
    server = place.server()
    playbook, path = tmp_path / "hanging.yml", tmp_path / "number"
    playbook.write_text(HANGING.format(path=path), "utf-8")
    options: dict[str, Any] = {"env": environment(REPOSITORY, place.runtime, place.home), "cwd": str(REPOSITORY)}
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("all: {hosts: {localhost: {}}}\n", "utf-8")
    command = [str(PLAYBOOK), "-i", str(inventory), str(playbook)]
    ended: list[subprocess.CompletedProcess[str]] = []
    hanging = threading.Thread(
        target=lambda: ended.append(place.begin_warm(command, timeout=60, check=False, **options))
    )
    hanging.start()
    until(lambda: path.exists() or ended)
    assert ended == []
    program = psutil.Process(int(path.read_text()))
    (run,) = server.children()
    (worker,) = run.children()
    other, found = held(place)
    run.kill()
    hanging.join(60)
    assert [one.returncode for one in ended] == [-9]
    _, alive = psutil.wait_procs([worker], timeout=5)
    assert alive == []
    # A program of its own: as after a cold run.
    program.kill()
    place.cloud.clear_faults()
    other.join(60)
    assert [made(one) for one in found] == [[("successful", 0), "created"]]
    assert place.server() == server
    assert server.children() == []


def test_several_at_once(place: Place) -> None:
    """Each hears of its own; afterwards the server holds nothing of them."""
    place.cloud.reset()
    server = place.server()
    before = server.num_fds()
    found: dict[str, Any] = {}

    def look(name: str) -> None:
        ended, handed_back = place.play(place.begin_warm, accounts=[{"name": name, "state": "absent"}], check=True)[0]
        found[name] = (ended, [one["name"] for one in handed_back["nextcloud_users"]["cloud_3"]])

    threads = [threading.Thread(target=look, args=(f"account_{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {name: (("successful", 0), [name]) for name in ("account_0", "account_1", "account_2", "account_3")}
    until(lambda: server.num_fds() == before)
    assert server.children() == []


def test_the_server_has_no_secret(place: Place) -> None:
    """Not in its memory, its arguments or its environment: only a run reads those."""
    place.both(before=place.cloud.reset, accounts=[WISH], passwords={"anna": PASSWORD})
    process = Path("/proc", str(place.server().pid))
    found = [(process / "cmdline").read_bytes(), (process / "environ").read_bytes()]
    with (process / "mem").open("rb", buffering=0) as memory:
        for line in (process / "maps").read_text().splitlines():
            span, rights, *_, name = [*line.split(maxsplit=5), ""][:7]
            if "r" in rights and not name.startswith("[v"):
                begin, end = (int(part, 16) for part in span.split("-"))
                memory.seek(begin)
                with suppress(OSError):  # pages of a file that are behind its end
                    found.append(memory.read(end - begin))
    assert [secret for secret in (PASSWORD, ADMIN_PASSWORD) if any(secret.encode() in one for one in found)] == []
    assert any(b"ansible.builtin.set_stats" in one for one in found)


def look(place: Place, temporary: str = "") -> subprocess.CompletedProcess[str]:
    """The least that can be begun. With a zero byte in ``temporary`` it goes wrong before Ansible has begun."""
    leave_pytest_out()
    variables = environment(REPOSITORY, place.runtime, place.home)
    variables["ANSIBLE_LOCAL_TEMP"] += temporary
    command = [str(PLAYBOOK), "--version"]
    return place.begin_warm(command, env=variables, cwd=str(REPOSITORY), timeout=60, check=True)


def test_a_server_that_went_wrong(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its run did nothing, and is unknown as any that hands nothing back. Another server is started, after more time
    for each that goes wrong until a run is fine."""
    first = 0.01
    monkeypatch.setattr(client, "_FIRST_PAUSE", first)
    monkeypatch.setattr(place.warm, "_pause", first)
    start = place.warm._start
    pauses: list[float] = []

    def noted(pause: float) -> None:
        pauses.append(pause)
        start(pause)

    monkeypatch.setattr(place.warm, "_start", noted)
    for expected in ([first], [first, 2 * first]):
        server = place.server()
        with pytest.raises(subprocess.CalledProcessError) as raised:
            look(place, "\0")
        assert "ValueError: embedded null byte" in raised.value.stderr
        assert pauses == expected
        assert place.server() != server
    assert "ansible-playbook [core" in look(place).stdout
    with pytest.raises(subprocess.CalledProcessError):
        look(place, "\0")
    assert pauses == [first, 2 * first, first]
    place.server()


def test_no_descriptor_is_left(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a run has begun, none is needed to wait for its end."""
    server = place.server()
    send = socket.send_fds
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    def last(*arguments: Any) -> int:
        sent = send(*arguments)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        return sent

    monkeypatch.setattr(socket, "send_fds", last)
    found = place.warm._server
    assert found is not None
    try:
        ended = found.run([str(PLAYBOOK), "--version"], {"ANSIBLE_LOCAL_TEMP": str(place.runtime / "tmp")}, 60)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert ended is not None
    assert ended.returncode == 0
    assert place.server() == server
