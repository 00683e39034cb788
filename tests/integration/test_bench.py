# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench`` finds something to measure: a few calls of one of its subjects. No time is looked at."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from bench import cold, executable, growth, lives, mixed, peer, register, unchanged, way
from bench.callers import NotTaken
from bench.lives import standin_place
from bench.scene import GIB, scene
from harness.cloud import Server
from harness.processes import until

# Two of them take half the time.
COMMANDS = ("open", "close")
# A module that asks the cloud for something, and leaves BILLmanager's operation to the bench.
PEER = "import os, urllib.request; urllib.request.urlopen(os.environ['CLOUD_URL'] + '/status.php')"

LIBRARY_USER = """
import requests
from billmgr import db, exception, logger, misc
from billmgr.modules.processing import Feature, ProcessingModule

logger.init_logging("pmnextcloud")


def open_(item, runningoperation):
    logger.get_logger("pmnextcloud").extinfo("operation %s", runningoperation)
    cloud = misc.get_module_params(misc.get_item_processingmodule(item))
    size, unit = misc.itemaddons(item)["disk"]
    account = misc.iteminfo(item)["account_id"]
    (user,) = db.db_query("SELECT email FROM user WHERE account=%s ORDER BY id ASC", account)
    answer = requests.post(
        cloud["base_url"] + "/ocs/v2.php/cloud/users",
        headers={"OCS-APIRequest": "true"},
        auth=(cloud["nc_username"], cloud["nc_password"]),
        data={
            "userid": f"user_{item}",
            "password": "Abc123-Abc123-Abc",
            "email": user["email"],
            "quota": size * misc.get_relation(unit, "byte"),
        },
    )
    if not answer.ok:
        raise exception.XmlException("open_error", err_value=answer.text)
    misc.save_param(item, param="userpassword", value="Abc123-Abc123-Abc", crypted=True)
    misc.postopen(item)


class Module(ProcessingModule):
    def _on_raise_exception(self, args, err):
        super()._on_raise_exception(args, err)
        print(err.as_xml())


module = Module(itemtypes=["backupservice"])
module._add_callable_feature(Feature.OPEN, open_)
module.run()
"""


def test_the_executable() -> None:
    """Each value has a name of its own, and one is held against a target."""
    measures = executable.measure("sqlite", None, 2, lambda *_: None)
    assert len({measure.measure for measure in measures}) == len(measures)
    assert all(measure.value for measure in measures)
    assert [measure.target for measure in measures if measure.target] == ["≤ 60"]


def test_the_whole_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One life by the bridge, the raw client, the playbook alone and another module; the steps of each event are the
    whole of it, and the picture has a bar for each."""
    monkeypatch.setattr(way, "PICTURES", tmp_path)
    for module in (lives, peer, way):
        monkeypatch.setattr(module, "COMMANDS", COMMANDS)
    measures = way.measure("sqlite", None, 1, lambda *_: None, peer=peer.Program((sys.executable, "-c", PEER)))
    values = {measure.measure: measure.value or 0 for measure in measures}
    assert len(values) == len(measures)
    for command in COMMANDS:
        steps = [value for name, value in values.items() if f" {command}: " in name and " to " in name]
        assert min(steps) >= 0
        # Each is rounded to three digits.
        assert sum(steps) / 1000 == pytest.approx(values[f"way, sqlite, {command}: {way.BRIDGE}, median"], rel=0.02)
    assert [measure.target for measure in measures if measure.target] == ["≤ 0.35", "≤ 0.7", "≤ 0.35", "≤ 0.6"]
    (picture,) = tmp_path.iterdir()
    assert picture.read_text("utf-8").count("<rect") == 1 + 5 * len(COMMANDS)


def test_ctrl_c_in_a_playbook(tmp_path: Path) -> None:
    """The playbook is ended before anything is written; afterwards Ctrl-C does what it did before."""
    server = Server(tmp_path / "cloud")
    before = signal.getsignal(signal.SIGINT)

    def press() -> None:
        until(server.standin.arrivals, what="for a request of the playbook")
        os.kill(os.getpid(), signal.SIGINT)

    try:
        server.standin.set_delays(routes=[{"seconds": 5}])
        pressing = threading.Thread(target=press)
        pressing.start()
        with pytest.raises(KeyboardInterrupt):
            cold.run(server.cloud, {"name": "user_1", "state": "exists", "email": "client@example.org"})
        pressing.join()
        assert signal.getsignal(signal.SIGINT) == before
        assert {one["method"] for one in server.standin.arrivals()} == {"GET"}
    finally:
        server.stop()


def test_a_module_with_billmanagers_library(tmp_path: Path) -> None:
    """It finds the cloud, what was sold and the address there, as ISPsystem's does; it is not taken when it fails."""
    module = tmp_path / "pmnextcloud.py"
    module.write_text(LIBRARY_USER)
    program = peer.Program((sys.executable, str(module)), vendors=True)
    with scene(None, 0) as here:
        place = standin_place(here, here.cloud)
        another = peer.Peer(program, place)
        (event,) = here.orders(place.module, 1)
        another.carry_out(event)
        account = place.cloud.account(f"user_{event.service}")
        assert account is not None
        assert account["quota"]["quota"] == GIB
        with pytest.raises(NotTaken, match="open_error"):
            another.carry_out(event)


def test_what_is_no_module_to_be_compared(tmp_path: Path) -> None:
    """A directory without a module is none, nor is a program that is not there."""
    assert peer.Program.of("") is None
    assert peer.Program.of("python3 'my module.py'") == peer.Program(("python3", "my module.py"))
    (tmp_path / "src").mkdir()
    for wrong in (str(tmp_path), "no-such-program --now"):
        with pytest.raises(NotTaken, match="neither a program nor a directory"):
            peer.Program.of(wrong)


def test_a_module_that_asks_the_cloud_for_nothing() -> None:
    """It would be the fastest of all."""
    with scene(None, 0) as here, pytest.raises(NotTaken, match="not asked the cloud"):
        peer.Peer(peer.Program(("true",)), standin_place(here, here.cloud)).live()


def test_nothing_to_change() -> None:
    """The task finds every account as it is wanted, and so does the raw client."""
    measures = unchanged.measure(3, lambda *_: None)
    assert measures[0].value
    assert measures[0].target == "≤ 25"


def test_growth(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three sizes, each drifted and read once; what is held against a target, and a bar for each."""
    monkeypatch.setattr(growth, "PICTURES", tmp_path)
    measures = growth.measure(100, lambda *_: None)
    values = {measure.measure: measure.value for measure in measures}
    assert len(values) == len(measures)
    for size in (1, 10, 100):
        # Each account, or pages of them, and what is asked before.
        assert 1 <= (values[f"drift, {size} accounts: requests"] or 0) <= size + 10
        assert values[f"what accounts use, {size} accounts: memory"]
    assert [measure.target for measure in measures if measure.target] == [
        *["≤ 500"] * 3,
        "≤ 1.3",
        *["≤ 500"] * 3,
        "≤ 1.3",
        "≥ 2083",
    ]
    (picture,) = tmp_path.iterdir()
    assert picture.read_text("utf-8").count("<rect") == 1 + 2 * 3


def test_the_register() -> None:
    """Every service has its row."""
    measures = register.measure("sqlite", None, 20, lambda *_: None)
    assert measures[0].value
    assert [measure.target for measure in measures] == ["≥ 2083", None, None, "≤ 10"]


def test_many_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An event of each kind by the bridge, by the raw client, which both carry out all of them, and by another
    module: a bar for each."""
    monkeypatch.setattr(mixed, "PICTURES", tmp_path)
    another = peer.Program((sys.executable, "-c", PEER))
    measures = mixed.measure("sqlite", None, len(lives.COMMANDS), lambda *_: None, another)
    assert all(measure.value for measure in measures)
    assert [measure.target for measure in measures] == ["≥ 0.8", None, None, None, "≥ 5", None, "≥ 5"]
    (picture,) = tmp_path.iterdir()
    assert picture.read_text("utf-8").count("<rect") == 1 + 4
