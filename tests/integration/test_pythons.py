# SPDX-License-Identifier: GPL-3.0-or-later
"""`pmnextcloud` by each Python that BILLmanager's systems have and this machine too, against one running bridge: in a
foreign directory, with hardly any environment, with texts that are not ASCII."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import pythons
from harness.cloud import Server
from harness.stack import Stack
from harness.worker import MODULE

PYTHONS = pythons.found()
# Nothing at all, what a panel may have, and what keeps newer Pythons from changing the locale themselves.
ENVIRONMENTS: tuple[dict[str, str], ...] = ({}, {"PATH": "/bin", "LANG": "C"}, {"PATH": "/bin", "LC_ALL": "C"})
GROUP, NAME = "Клиенты", "Анна Петрова"
Call = subprocess.CompletedProcess[bytes]


def ask(python: Path, executable: Path, *arguments: str | bytes, stdin: str = "", environment: int = 0) -> Call:
    """Run the module by ``python`` in one of the ``ENVIRONMENTS``."""
    return subprocess.run(
        [python, "-ES", executable, *(given.encode() if isinstance(given, str) else given for given in arguments)],
        cwd="/",
        env=ENVIRONMENTS[environment],
        input=stdin.encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )


@dataclass
class Scene:
    """``executable``: the module in the panel's tree; ``services``: one for each Python, by its version. What takes a
    run is asked by all Pythons at once, so that they share it: the answers in ``opened``, ``offered``, ``read``."""

    stack: Stack
    executable: Path
    services: dict[str, int]
    opened: dict[str, Call]
    offered: dict[str, Call]
    read: dict[str, Call]


def together(calls: Callable[[str], Call]) -> dict[str, Call]:
    """The answers to all Pythons, asked at once."""
    with ThreadPoolExecutor(len(PYTHONS)) as pool:
        return dict(zip(PYTHONS, pool.map(calls, PYTHONS), strict=True))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, administrator: Path | None) -> Iterator[Scene]:
    """A bridge in a panel whose directory has no ASCII name either."""
    directory = tmp_path_factory.mktemp("Питон")
    server = Server(directory / "cloud", groups=[GROUP])
    stack = Stack.set_up(directory / "stack", server.cloud, None, server.standin, administrator)
    executable = stack.panel.layout.module("pmnextcloud")
    tariff, module = stack.tariff(groups=GROUP), str(stack.module)
    client = stack.panel.add_client(NAME, "anna@example.org")
    services = {version: stack.panel.order(tariff, client) for version in PYTHONS}
    form = f"<doc lang='ru'><usergroup>{GROUP}, Гости</usergroup></doc>"

    def call(version: str, *arguments: str, stdin: str = "") -> Call:
        return ask(PYTHONS[version], executable, "--command", *arguments, stdin=stdin, environment=1)

    def open_(version: str) -> Call:
        service = services[version]
        (operation,) = stack.panel.service(service)["operations"]
        return call(version, "open", "--item", str(service), "--runningoperation", str(operation))

    yield Scene(
        stack,
        executable,
        services,
        together(open_),
        together(lambda version: call(version, "pricelist_dynamic_settings_tune", "--module", module, stdin=form)),
        together(lambda version: call(version, "stat", "--module", module)),
    )
    stack.worker.cleanup()
    server.stop()


@pytest.fixture(params=PYTHONS)
def version(request: pytest.FixtureRequest) -> str:
    """Each Python by its version."""
    return str(request.param)


def document(done: Call) -> ElementTree.Element:
    """What a call that went well has printed, and nothing on standard error."""
    assert (done.returncode, done.stderr) == (0, b""), done
    return ElementTree.fromstring(done.stdout)


def refused(done: Call, kind: str) -> dict[str, str]:
    """The parameters of an error document that was printed."""
    assert done.returncode == 1, done
    (error,) = ElementTree.fromstring(done.stdout)
    assert error.get("type") == f"nextcloud_{kind}"
    assert "Traceback" not in done.stderr.decode("utf-8")
    return {str(param.get("name")): param.text or "" for param in error}


def everywhere(scene: Scene, version: str, arguments: Sequence[str], stdin: str = "") -> Call:
    """The answer to a call, which is the same in each environment."""
    first, *others = (
        ask(PYTHONS[version], scene.executable, *arguments, stdin=stdin, environment=position)
        for position in range(len(ENVIRONMENTS))
    )
    for other in others:
        assert (other.returncode, other.stdout, other.stderr) == (first.returncode, first.stdout, first.stderr)
    return first


def test_what_it_can_do(scene: Scene, version: str) -> None:
    """To the letter what BILLmanager has read by the system's own Python."""
    done = everywhere(scene, version, ["--command", "features"])
    assert document(done).find("features/feature[@name='open']") is not None
    assert done.stdout.decode().strip() == scene.stack.panel.layout.features.read_text(encoding="utf-8")


def test_an_order(scene: Scene, version: str) -> None:
    """With its outcome; the way to the account, which is asked for afterwards."""
    done, service = scene.opened[version], scene.services[version]
    assert document(done).find("ok") is not None
    assert scene.stack.panel.service(service)["status_name"] == "active"
    account = scene.stack.cloud.account(f"user_{service}")
    assert account is not None
    assert (account["displayname"], account["groups"]) == (NAME, [GROUP])
    way = everywhere(scene, version, ["--command", "transition_control_panel", "--item", str(service)])
    assert document(way).findtext("url") == scene.stack.cloud.url.rstrip("/") + "/"


def test_forms(scene: Scene, version: str) -> None:
    """Byte for byte in both directions."""
    slist = document(scene.offered[version]).find("slist[@name='usergroup']")
    assert slist is not None
    assert [msg.text for msg in slist] == ["—", GROUP, f"{GROUP}, Гости (нет в облаке)"]
    form = "<?xml version='1.0' encoding='UTF-8'?>\n<doc><password>Жёлтый &amp; 𝄞</password></doc>"
    assert everywhere(scene, version, ["--command", "tune_connection"], form).stdout.decode() == form
    form = "<doc><processingmodule><name>Облако</name><url>https://x</url></processingmodule></doc>"
    found = refused(everywhere(scene, version, ["--command", "check_connection"], form), "cloud_parameter_missing")
    assert found["parameter"] == "username"


def test_statistics(scene: Scene, version: str) -> None:
    """It is waited for until all accounts are read."""
    assert document(scene.read[version]).find("ok") is not None


def test_words_in_arguments(scene: Scene, version: str) -> None:
    """What a customer typed comes back as he typed it, in the document and in the words for the log; an option that
    nobody knows is no harm."""
    call = ["--command", "check_param", "--param", "username", "--value", "Жёлтый 𝄞", "--новое", "значение"]
    done = everywhere(scene, version, call)
    assert refused(done, "username_unusable")["account"] == "Жёлтый 𝄞"
    assert "Жёлтый 𝄞" in done.stderr.decode("utf-8")
    found = refused(everywhere(scene, version, ["--command", "открыть", "--item", "1"]), "command_unknown")
    assert found["command"] == "открыть"


def test_bad_calls(scene: Scene, version: str) -> None:
    """They are refused in a document; an argument that is no text is handed on, and breaks nothing."""
    for call in ([], ["--item", "1"], ["--command"], ["открыть"]):
        assert "--command" in refused(everywhere(scene, version, call), "bad_request")["detail"]
    found = refused(everywhere(scene, version, ["--command", "open", "--item", "имя"]), "bad_request")
    assert "имя" in found["detail"]
    call = ["--command", "check_param", "--param", "username", "--value"]
    done = ask(PYTHONS[version], scene.executable, *call, b"\xff")
    assert refused(done, "username_unusable")["account"].strip() == ""


def test_no_bridge(scene: Scene, version: str, tmp_path: Path) -> None:
    """It says where it has looked: as the file names it, beside the module's link."""
    executable = tmp_path / "панель" / "processing" / "pmnextcloud"
    executable.parent.mkdir(parents=True)
    executable.symlink_to(MODULE)
    (tmp_path / "панель" / "etc").mkdir()
    (tmp_path / "панель" / "etc" / "pmnextcloud.conf").write_text("socket = /нет/такого\n", encoding="utf-8")
    for environment in range(len(ENVIRONMENTS)):
        done = ask(PYTHONS[version], executable, "--command", "stat", "--module", "1", environment=environment)
        detail = refused(done, "bridge_not_running")["detail"]
        assert detail == "/нет/такого: No such file or directory"
