# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of a cloud in the tariff form, and what is kept of them; cloud and BILLmanager are stand-ins."""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.server_config import Listing, read, write
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import (
    BadRequest,
    BillmanagerRefused,
    CloudParameterMissing,
    Failure,
    ModuleUnknown,
    RunUnknown,
)
from bill_nextcloud.forms import Form, forms
from bill_nextcloud.holds import Holds
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import Runs

BLUE = Cloud(3, "Blue", "https://blue", "admin", "secret")
NOW, BEFORE = Listing("31.0.6", ("customers", "premium")), Listing("30.0.0", ("customers", "old"))
HELD = Failure("maintenance", {"cloud": "Blue"})


class Parts:
    """Stands for BILLmanager's database and command, for runs, and for holds. ``answer``: what the cloud says, or the
    exception that a run raises; ``kept``: the module's config."""

    elsewhere = False

    def __init__(self) -> None:
        self.answer: Any = NOW
        self.kept: str | None = write(BEFORE)
        self.held: Failure | None = None
        self.password = "one"
        self.asked = 0
        self.space = False
        self.refuses = False

    def cloud(self, module: int, *, secret: bool) -> Cloud:
        if module != BLUE.id:
            raise ModuleUnknown(module=module)
        if not self.password:
            raise CloudParameterMissing(cloud="Blue", parameter="password")
        return BLUE

    def rows(self, query: Any) -> list[dict[str, Any]]:
        if "config" in str(query):
            return [{"config": self.kept}]
        return [{"intname": "password", "value": self.password}]

    def groups(self, cloud: Cloud, seconds: int, *, space: bool) -> Any:
        self.asked += 1
        self.space = space
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def failure(self, module: int) -> Failure | None:
        return self.held

    def call(self, function: str, parameters: dict[str, str]) -> None:
        assert (function, parameters["elid"]) == ("processing.setconfig", "3")
        if self.refuses:
            raise BillmanagerRefused(function=function, detail="no")
        self.kept = parameters["config"]

    @property
    def forms(self) -> dict[str, Form]:
        return forms(cast(Runs, self), cast(Database, self), cast(Mgrctl, self), cast(Holds, self), cast(Mapping, self))


@pytest.fixture
def parts() -> Parts:
    """A cloud that answers."""
    return Parts()


def shown(document: object) -> dict[str, str]:
    """The choices that an answer gives the select `usergroup`: key and text, in order."""
    (slist,) = [one for one in ElementTree.fromstring(str(document)).findall("slist") if one.get("name") == "usergroup"]
    found = {str(msg.get("key")): str(msg.text) for msg in slist}
    assert len(found) == len(slist)
    return found


def tune(parts: Parts, chosen: str = "", **options: str) -> dict[str, str]:
    """The choices of a form in which ``chosen`` is chosen."""
    form = f"<doc><usergroup>{chosen}</usergroup></doc>"
    return shown(parts.forms["pricelist_dynamic_settings_tune"]({"module": "3", "document": form, **options}))


def test_the_groups_of_the_cloud(parts: Parts) -> None:
    """Each is its own key, whatever was kept; none can be chosen as well. The free space is not asked for: a person
    waits."""
    assert tune(parts) == {"": "—", "customers": "customers", "premium": "premium"}
    assert not parts.space


@pytest.mark.parametrize(
    ("chosen", "added"),
    [
        ("premium", {}),
        ("vip", {"vip": "vip (not on the cloud)"}),
        ("customers,premium", {"customers,premium": "customers,premium"}),
        ("customers, vip", {"customers, vip": "customers, vip (not on the cloud)"}),
    ],
)
def test_what_is_chosen_stays(parts: Parts, chosen: str, added: dict[str, str]) -> None:
    """Marked when the cloud does not have it."""
    assert tune(parts, chosen) == {"": "—", "customers": "customers", "premium": "premium", **added}


def test_in_russian(parts: Parts) -> None:
    """By the option or the form's own language."""
    assert tune(parts, "vip", lang="ru")["vip"] == "vip (нет в облаке)"
    form = {"module": "3", "document": "<doc lang='ru'><usergroup>vip</usergroup></doc>"}
    assert shown(parts.forms["pricelist_dynamic_settings_tune"](form))["vip"] == "vip (нет в облаке)"


@pytest.mark.parametrize(
    "answer",
    [
        Failure("unreachable", {"cloud": "Blue"}),
        RunUnknown(cloud="Blue", detail="x"),
        RuntimeError("x"),
    ],
)
def test_a_cloud_that_does_not_answer(parts: Parts, answer: Any) -> None:
    """Then with what was kept; without that what is chosen is all there is, and nobody says that it is missing."""
    parts.answer = answer
    assert tune(parts, "vip") == {
        "": "—",
        "customers": "customers",
        "old": "old",
        "vip": "vip (not on the cloud)",
    }
    parts.kept = None
    assert tune(parts, "vip") == {"": "—", "vip": "vip"}
    parts.kept = write(Listing("31", ("a",), whole=False))
    assert tune(parts, "vip") == {"": "—", "a": "a", "vip": "vip"}


def test_a_cloud_that_hangs(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not waited for; the form comes without it."""
    release = threading.Event()
    monkeypatch.setattr("bill_nextcloud.waiting.SECONDS", 0)
    monkeypatch.setattr("bill_nextcloud.waiting.within.__defaults__", (0,))
    monkeypatch.setattr(parts, "groups", lambda *_, **__: release.wait(20) and NOW)
    assert "old" in tune(parts)
    release.set()


def test_a_cloud_is_asked_once_at_a_time(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many forms are opened: each question is a process on the panel's host. Later it is asked anew."""
    release, tune_tariff = threading.Event(), parts.forms["pricelist_dynamic_settings_tune"]
    groups, entered = parts.groups, threading.Barrier(2)

    def slow(cloud: Cloud, seconds: int, *, space: bool) -> Any:
        entered.wait(20)
        release.wait(20)
        return groups(cloud, seconds, space=space)

    monkeypatch.setattr(parts, "groups", slow)
    call = {"module": "3", "document": "<doc/>"}
    with ThreadPoolExecutor(6) as together:
        answers = [together.submit(tune_tariff, call) for _ in range(6)]
        entered.wait(20)
        time.sleep(0.3)
        release.set()
        assert [list(shown(answer.result())) for answer in answers] == [["", "customers", "premium"]] * 6
    assert parts.asked == 1
    monkeypatch.setattr(parts, "groups", groups)
    parts.answer = Listing("31", ("new",))
    assert list(shown(tune_tariff(call))) == ["", "new"]


def test_a_question_that_fails_keeps_nobody_waiting(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the next one who asks."""

    def fails(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("bill_nextcloud.forms.groups.within", fails)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            with pytest.raises(RuntimeError):
                pool.submit(tune, parts).result(10)
    monkeypatch.undo()
    assert "customers" in tune(parts)


def test_a_held_cloud_is_not_asked(parts: Parts) -> None:
    """Neither for the form nor for what is kept."""
    parts.held = HELD
    assert "old" in tune(parts)
    assert parts.forms["get_server_config"]({"module": "3"}) == HELD
    assert parts.asked == 0


def test_credentials_that_were_refused_are_not_tried_again(parts: Parts) -> None:
    """Until they change: each failed log-in brings this address nearer to being locked."""
    parts.answer = Failure("wrong_credentials", {"cloud": "Blue"})
    form = {"module": "3", "document": "<doc/>"}
    tune_tariff = parts.forms["pricelist_dynamic_settings_tune"]
    assert ["old" in shown(tune_tariff(form)) for _ in range(3)] == [True] * 3
    assert parts.asked == 1
    parts.password, parts.answer = "two", NOW
    assert [list(shown(tune_tariff(form))) for _ in range(2)] == [["", "customers", "premium"]] * 2
    assert parts.asked == 3


@pytest.mark.parametrize("code", ["wrong_credentials", "login_blocked"])
def test_a_refusal_is_forgotten(parts: Parts, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """When the cloud has forgotten it: it may have taken the same password back."""
    form = {"module": "3", "document": "<doc/>"}
    tune_tariff = parts.forms["pricelist_dynamic_settings_tune"]
    parts.answer = Failure(code, {"cloud": "Blue"})
    monkeypatch.setattr("bill_nextcloud.forms.groups.REFUSED_SECONDS", 0.0)
    tune_tariff(form)
    parts.answer = NOW
    assert "premium" in shown(tune_tariff(form))


def test_a_cloud_that_is_not_filled_in(parts: Parts) -> None:
    """Has no groups yet."""
    parts.password, parts.kept = "", None
    assert tune(parts) == {"": "—"}
    found = parts.forms["get_server_config"]({"module": "3"})
    assert isinstance(found, Failure)
    assert found.code == "cloud_parameter_missing"


def test_the_rest_of_the_form_stays(parts: Parts) -> None:
    """Whatever is in it; a list that it brings along is replaced."""
    form = (
        "<doc func='pricelist.edit' new='1'><elid>5</elid><odd a='1'><x/>t</odd><usergroup>premium</usergroup>"
        "<slist name='usergroup'><msg key='0'>premium</msg></slist><slist name='period'><msg>1</msg></slist></doc>"
    )
    answer = parts.forms["pricelist_dynamic_settings_tune"](
        {"module": "3", "itemtype": "vhost", "document": form, "new": "x"}
    )
    assert list(shown(answer)) == ["", "customers", "premium"]
    before, after = ElementTree.fromstring(form), ElementTree.fromstring(str(answer))
    for document in (before, after):
        for slist in [one for one in document.findall("slist") if one.get("name") == "usergroup"]:
            document.remove(slist)
    assert ElementTree.tostring(after) == ElementTree.tostring(before)


@pytest.mark.parametrize("module", [None, "", "x", "0", 3])
def test_a_module_that_is_no_number(parts: Parts, module: Any) -> None:
    """It is named."""
    for command in ("pricelist_dynamic_settings_tune", "get_server_config"):
        with pytest.raises(BadRequest) as raised:
            parts.forms[command]({"module": module, "document": "<doc/>"})
        assert "--module" in raised.value.parameters["detail"]


def test_a_module_of_others(parts: Parts) -> None:
    """It has no groups of ours, and no file of ours."""
    for command in ("pricelist_dynamic_settings_tune", "get_server_config"):
        with pytest.raises(ModuleUnknown):
            parts.forms[command]({"module": "4", "document": "<doc/>"})


def test_what_the_cloud_says_is_kept(parts: Parts) -> None:
    """For the time when it says nothing, with its free space; a failure changes nothing."""
    assert parts.forms["get_server_config"]({"module": "3"}) == "<doc><ok/></doc>"
    assert read(parts.kept) == NOW
    assert parts.space
    parts.answer = Failure("unreachable", {"cloud": "Blue"})
    assert parts.forms["get_server_config"]({"module": "3"}) == parts.answer
    assert read(parts.kept) == NOW
    parts.answer, parts.refuses = NOW, True
    with pytest.raises(BillmanagerRefused):
        parts.forms["get_server_config"]({"module": "3"})
