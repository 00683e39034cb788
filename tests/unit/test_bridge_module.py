# SPDX-License-Identifier: GPL-3.0-or-later
"""`pmnextcloud` as BILLmanager runs it: from a link in its tree, with hardly any environment. By which Pythons:
tests/integration/test_pythons.py."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import bill_nextcloud
import pytest
from bill_nextcloud.billmanager.descriptor import render

MODULE = Path(bill_nextcloud.__file__).parents[1] / "pmnextcloud"
SOURCE = MODULE.read_text(encoding="utf-8")
OPEN = ("--command", "open", "--item", "12", "--runningoperation", "7")
DOCUMENT = '<doc><error type="nextcloud_refused" object="user_12"><param name="detail">Нет &lt;</param></error></doc>'


GREETING = b'{"status": "running", "wait": 5}\n'


class Bridge:
    """A bridge of one thread: notes each call and answers with the bytes of ``answer``; ``None`` just hangs up."""

    def __init__(self, path: Path, answer: bytes | None) -> None:
        self.answer = answer
        self.calls: list[dict[str, Any]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                self.calls.append(json.loads(lines.readline()))
                if self.answer is not None:
                    connection.sendall(GREETING + self.answer)

    def close(self) -> None:
        """End it."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


class Tree:
    """A part of BILLmanager's directory, with the module as a link."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.executable = root / "processing" / "pmnextcloud"
        self.executable.parent.mkdir()
        self.executable.symlink_to(MODULE)
        self.configuration = root / "etc" / "pmnextcloud.conf"
        self.configuration.parent.mkdir()
        self.socket = root / "bridge.sock"
        self.configuration.write_text(f"# where the bridge is\nsocket = {self.socket}\n")
        self._bridges: list[Bridge] = []

    def bridge(self, answer: bytes | str | dict[str, Any] | None) -> Bridge:
        """A bridge that answers with ``answer``; a dictionary as a JSON line."""
        if isinstance(answer, dict):
            answer = json.dumps(answer) + "\n"
        bridge = Bridge(self.socket, answer.encode() if isinstance(answer, str) else answer)
        self._bridges.append(bridge)
        return bridge

    def run(
        self,
        *arguments: str | bytes,
        cwd: str | Path = "/",
        stdin: bytes | int = b"",
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the module; ``stdin``: its standard input, bytes or a descriptor."""
        given: dict[str, Any] = {"stdin": stdin} if isinstance(stdin, int) else {"input": stdin}
        environment = {"PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [self.executable, *arguments],
            cwd=cwd,
            env=environment,
            **given,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def close(self) -> None:
        """End the bridges."""
        for bridge in self._bridges:
            bridge.close()


@pytest.fixture
def tree() -> Iterator[Tree]:
    """A tree whose path is short enough for a socket."""
    root = Path(tempfile.mkdtemp(prefix="mgr5-", dir="/tmp"))
    made = Tree(root)
    yield made
    made.close()
    shutil.rmtree(root)


def failure(done: subprocess.CompletedProcess[bytes]) -> tuple[str, dict[str, str]]:
    """Type and parameters of the error document that a failed call printed, and nothing else."""
    assert done.returncode == 1, done
    document = ElementTree.fromstring(done.stdout.decode("utf-8"))
    assert document.tag == "doc"
    (error,) = document
    return str(error.get("type")), {str(param.get("name")): param.text or "" for param in error}


def features_of(done: subprocess.CompletedProcess[bytes]) -> ElementTree.Element:
    """The answer to `features`."""
    assert (done.returncode, done.stderr) == (0, b"")
    return ElementTree.fromstring(done.stdout)


def test_features_need_no_bridge(tree: Tree) -> None:
    """BILLmanager asks at its start, whatever else runs; no configuration is needed either."""
    tree.configuration.unlink()
    document = features_of(tree.run("--command", "features"))
    assert [element.get("name") for element in document.findall("itemtypes/itemtype")] == ["backupservice"]
    assert {param.get("name"): param.get("crypted") for param in document.findall("params/param")} == {
        "url": None,
        "username": None,
        "password": "yes",
        "ca_file": None,
        "dialect": None,
        "bearer_token": None,
        "disabled_shares": None,
        "wipe_devices": None,
        "transport": None,
        "ssh_host": None,
        "ssh_port": None,
        "ssh_user": None,
        "ssh_key_file": None,
        "ssh_host_keys": None,
        "occ_path": None,
        "php_path": None,
        "occ_command": None,
    }
    assert {feature.get("name") for feature in document.findall("features/feature")} >= {"open", "close"}


def test_features_name_the_types_of_the_descriptor(tree: Tree) -> None:
    """BILLmanager reads the descriptor itself, so the two must agree."""
    file = tree.root / "etc" / "xml" / "billmgr_mod_pmnextcloud.xml"
    file.parent.mkdir(parents=True)
    file.write_text(render(["softexternal", "backupservice"]), encoding="utf-8")
    document = features_of(tree.run("--command", "features"))
    types = [element.get("name") for element in document.findall("itemtypes/itemtype")]
    assert types == ["softexternal", "backupservice"]


@pytest.mark.parametrize("text", ["<mgrdata>", "", "<mgrdata/>"])
def test_features_of_a_broken_descriptor(tree: Tree, text: str) -> None:
    """BILLmanager could not read it either: an error that names the file."""
    file = tree.root / "etc" / "xml" / "billmgr_mod_pmnextcloud.xml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    kind, parameters = failure(tree.run("--command", "features"))
    assert kind == "nextcloud_descriptor_unusable"
    assert str(file) in parameters["detail"]


def test_it_can_be_run_by_its_own_line(tree: Tree) -> None:
    """From BILLmanager's directory by a relative path, as a link or as a copy."""
    tree.bridge({"status": "done"})
    for copy in (False, True):
        if copy:
            tree.executable.unlink()
            shutil.copy2(MODULE, tree.executable)
        done = subprocess.run(
            ["processing/pmnextcloud", *OPEN], cwd=tree.root, env={"PATH": "/usr/bin:/bin"}, capture_output=True
        )
        assert (done.returncode, done.stdout) == (0, b"<doc><ok/></doc>")


def test_the_environment_does_not_change_it() -> None:
    """Its first line switches PYTHONPATH and the like off, and what is installed beside Python."""
    assert SOURCE.startswith("#!/usr/bin/python3 -ES\n")
    assert os.access(MODULE, os.X_OK)


def test_a_bridge_that_does_not_run(tree: Tree) -> None:
    """A document and exit status 1 at once, with the way out in the text of that type."""
    started = time.monotonic()
    kind, parameters = failure(tree.run(*OPEN))
    assert time.monotonic() - started < 2
    assert kind == "nextcloud_bridge_not_running"
    assert "No such file" in parameters["detail"]


def test_a_bridge_that_was_killed(tree: Tree) -> None:
    """Its socket is left, but nobody listens."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tree.socket))
    started = time.monotonic()
    kind, parameters = failure(tree.run(*OPEN))
    assert time.monotonic() - started < 2
    assert kind == "nextcloud_bridge_not_running"
    assert "refused" in parameters["detail"]


def test_a_configuration_that_cannot_be_read(tree: Tree) -> None:
    """It ends in a document too."""
    tree.configuration.write_bytes(b"socket = \xff\n")
    assert failure(tree.run(*OPEN))[0] == "nextcloud_bridge_not_running"
    tree.configuration.unlink()
    tree.configuration.mkdir()
    assert failure(tree.run(*OPEN))[0] == "nextcloud_bridge_not_running"


@pytest.mark.parametrize("arguments", [(), ("--item", "12"), ("--command",), ("--command", "--item", "12"), ("open",)])
def test_a_missing_command(tree: Tree, arguments: tuple[str, ...]) -> None:
    """The bridge is not asked."""
    bridge = tree.bridge({"status": "done"})
    kind, parameters = failure(tree.run(*arguments))
    assert kind == "nextcloud_bad_request"
    assert "--command" in parameters["detail"]
    assert bridge.calls == []


def test_the_call_is_handed_on(tree: Tree) -> None:
    """All options with a value, unknown ones too: the bridge takes what it knows. Others are left out."""
    bridge = tree.bridge({"status": "done"})
    done = tree.run(*OPEN, "--level", "29", "--new-in-v7", "Жёлтый x", "--flag", "--lang", "ru", "stray", "--empty", "")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"<doc><ok/></doc>", b"")
    assert bridge.calls == [
        {
            "command": "open",
            "item": "12",
            "runningoperation": "7",
            "level": "29",
            "new-in-v7": "Жёлтый x",
            "lang": "ru",
            "empty": "",
        }
    ]


def test_done(tree: Tree) -> None:
    """The operation has ended."""
    tree.bridge({"status": "done"})
    done = tree.run(*OPEN)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"<doc><ok/></doc>", b"")


def test_accepted(tree: Tree) -> None:
    """It goes on; nothing says that it succeeded."""
    tree.bridge({"status": "accepted"})
    done = tree.run(*OPEN)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"<doc/>", b"")


def test_failed(tree: Tree) -> None:
    """The bridge's document as it is, its words on standard error, and exit status 1."""
    tree.bridge({"status": "failed", "document": DOCUMENT, "message": "It was refused (Нет)."})
    done = tree.run(*OPEN)
    assert done.stdout.decode() == DOCUMENT
    assert done.returncode == 1
    assert b"It was refused" in done.stderr


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="none"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\n", id="empty line"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="another protocol"),
        pytest.param(b"\xff\xfe\n", id="no text"),
        pytest.param(b'{"status": "do', id="cut"),
        pytest.param(b"[]\n", id="a list"),
        pytest.param(b'"done"\n', id="a text"),
        pytest.param(b"null\n", id="null"),
        pytest.param(b"{}\n", id="no status"),
        pytest.param(b'{"status": "failed"}\n', id="a failure without a document"),
        pytest.param(b'{"status": ["done"]}\n', id="a status that is a list"),
        pytest.param(b'{"status": "finished"}\n', id="an unknown status"),
        pytest.param(b'{"status": "finished", "document": "<doc/>"}\n', id="an unknown status with a document"),
    ],
)
def test_an_answer_that_is_none(tree: Tree, answer: bytes | None) -> None:
    """Never a traceback instead of a document, and never a success."""
    tree.bridge(answer)
    done = tree.run(*OPEN)
    kind, parameters = failure(done)
    assert kind == "nextcloud_bridge_not_running"
    assert parameters["detail"]
    assert b"Traceback" not in done.stderr


def test_bytes_that_are_no_text_are_handed_on(tree: Tree) -> None:
    """An argument in another encoding breaks nothing here."""
    bridge = tree.bridge({"status": "done"})
    assert tree.run(*OPEN, "--name", b"\xff").returncode == 0
    assert bridge.calls[0]["item"] == "12"


FORM = "<doc><password>Жёлтый &amp; пароль</password></doc>".encode()
TUNE = ("--command", "pricelist_dynamic_settings_tune", "--module", "3")


def test_a_form_is_handed_on_and_its_answer_printed(tree: Tree) -> None:
    """Byte for byte in both directions."""
    bridge = tree.bridge({"status": "done", "document": FORM.decode()})
    done = tree.run(*TUNE, stdin=FORM)
    assert (done.returncode, done.stdout, done.stderr) == (0, FORM, b"")
    assert bridge.calls[0] == {"command": TUNE[1], "module": "3", "document": FORM.decode()}


def test_standard_input_is_read_only_where_it_holds_something(tree: Tree) -> None:
    """An operation's may be anything."""
    bridge = tree.bridge({"status": "done"})
    assert tree.run(*OPEN, stdin=b"x").returncode == 0
    assert "document" not in bridge.calls[0]


def test_a_form_that_is_too_long(tree: Tree) -> None:
    """It is said, and not cut; the longest one is handed on."""
    bridge = tree.bridge({"status": "done"})
    longest = 512 * 1024
    kind, parameters = failure(tree.run(*TUNE, stdin=b"x" * (longest + 1)))
    assert kind == "nextcloud_bad_request"
    assert str(longest) in parameters["detail"]
    assert bridge.calls == []
    assert tree.run(*TUNE, stdin=b"x" * longest).returncode == 0


def test_a_form_that_never_ends(tree: Tree) -> None:
    """What came is handed on: whoever leaves the other end open is not waited for."""
    bridge = tree.bridge({"status": "done"})
    reading, writing = os.pipe()
    try:
        os.write(writing, FORM)
        assert tree.run(*TUNE, stdin=reading).returncode == 0
    finally:
        os.close(writing)
        os.close(reading)
    assert bridge.calls[0]["document"] == FORM.decode()


def test_a_form_that_is_no_text(tree: Tree) -> None:
    """The bridge sees that, instead of letters that were not there."""
    bridge = tree.bridge({"status": "done"})
    assert tree.run(*TUNE, stdin=b"<doc>\xff</doc>").returncode == 0
    assert bridge.calls[0]["document"] == "<doc>\udcff</doc>"


def test_forms_without_a_bridge(tree: Tree) -> None:
    """As every call."""
    started = time.monotonic()
    assert failure(tree.run(*TUNE, stdin=FORM))[0] == "nextcloud_bridge_not_running"
    assert time.monotonic() - started < 2


def test_details_are_escaped(tree: Tree) -> None:
    """What means something in XML arrives as it was."""
    tree.bridge({"status": "<b>&\"'"})
    kind, parameters = failure(tree.run(*OPEN))
    assert kind == "nextcloud_bridge_not_running"
    assert "<b>&" in parameters["detail"]


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ("socket = /a/b\n", "/a/b"),
        ("socket=/a/b", "/a/b"),
        ("  socket  =  /a/b=c  \n", "/a/b=c"),
        ("# socket = /x\nsocket = /a/b\nsocket = /c\n", "/a/b"),
        ("socket =\n", "/run/bill-nextcloud/bridge.sock"),
        ("sockets = /a/b\n", "/run/bill-nextcloud/bridge.sock"),
        ("", "/run/bill-nextcloud/bridge.sock"),
        (None, "/run/bill-nextcloud/bridge.sock"),
    ],
)
def test_where_the_bridge_is(tree: Tree, monkeypatch: pytest.MonkeyPatch, content: str | None, path: str) -> None:
    """etc/pmnextcloud.conf of BILLmanager's tree, not of the place that the link points to."""
    tree.configuration.unlink()
    if content is not None:
        tree.configuration.write_text(content)
    monkeypatch.setattr(sys, "argv", [str(tree.executable)])
    assert loaded().socket_path() == path


def loaded() -> Any:
    """The module, imported."""
    loader = SourceFileLoader("pmnextcloud_under_test", str(MODULE))
    specification = importlib.util.spec_from_loader(loader.name, loader)
    assert specification is not None
    module = importlib.util.module_from_spec(specification)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def test_it_uses_nothing_newer_than_python_3_6() -> None:
    """Neither words of the language nor names of the library; for machines that have no old Python to run it by."""
    vermin = str(Path(sys.executable).with_name("vermin"))
    command = [vermin, "--no-config-file", "--no-tips", "-vvv", "--target=3.6-", str(MODULE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_needs_only_the_standard_library() -> None:
    """And no part of the bridge, which has a Python of its own."""
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module))
    assert imported
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_nothing_of_its_directory_is_imported(tree: Tree) -> None:
    """Python looks for modules beside the file first: what lies in the bridge's directory must not stand in the way."""
    beside = {path.stem for path in MODULE.parent.iterdir()} - {"pmnextcloud"}
    assert not beside & sys.stdlib_module_names
