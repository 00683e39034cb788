# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands at which a person waits, through the executable: the cloud answers, or hangs, and an answer comes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest
from harness.cloud import Server
from harness.stack import Stack
from standins.billmanager import Run

LONGEST_WAIT = 8.5  # the module gives up after 8; starting and ending it takes a moment


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all: nothing here changes a cloud."""
    directory = tmp_path_factory.mktemp("forms")
    server = Server(directory / "cloud")
    stack = Stack.set_up(directory / "stack", server.cloud, None, server.standin)
    yield stack
    stack.worker.cleanup()
    server.stop()


@pytest.fixture
def stack(shared: Stack) -> Iterator[Stack]:
    """The stack; in the end nothing was written on the cloud, and no operation is on record."""
    shared.standin.clear_requests()
    yield shared
    shared.standin.clear_faults()
    assert shared.writes() == []
    assert shared.on_record("id") == []


def document(run: Run) -> ElementTree.Element:
    """What a call has answered in time."""
    assert run.ok, run
    assert run.seconds < LONGEST_WAIT
    return ElementTree.fromstring(run.stdout)


def refused(run: Run, code: str) -> None:
    """A document that names the failure, with its words in both languages, exit status 1, and no traceback."""
    assert run.error is not None, run
    assert (run.error.type, run.exit_code) == (f"nextcloud_{code}", 1)
    assert "__" not in run.error.text_ru + run.error.text_en
    assert "Traceback" not in run.stderr
    assert run.seconds < LONGEST_WAIT


def tune(stack: Stack, chosen: str = "", module: int | None = None) -> dict[str, str]:
    """The groups that the tariff form offers."""
    arguments = ["--module", str(module or stack.module), "--itemtype", "backupservice", "--level", "29"]
    form = f'<doc lang="ru"><elid>1</elid><usergroup>{chosen}</usergroup></doc>'
    answer = document(stack.panel.call("pricelist_dynamic_settings_tune", arguments, stdin=form))
    assert [(child.tag, child.text) for child in answer][:2] == [("elid", "1"), ("usergroup", chosen or None)]
    (slist,) = answer.findall("slist[@name='usergroup']")
    return {str(msg.get("key")): str(msg.text) for msg in slist}


def test_groups_of_the_tariff_form(stack: Stack) -> None:
    """From the cloud, with four requests; kept for the time when it hangs."""
    assert tune(stack, "vip") == {
        "": "—",
        "customers": "customers",
        "premium": "premium",
        "vip": "vip (нет в облаке)",
    }
    assert len(stack.standin.requests()) == 4
    kept = stack.panel.call("get_server_config", ["--module", str(stack.module)])
    assert kept.ok
    assert kept.stdout == "<doc><ok/></doc>"
    stack.standin.fault("hold")
    assert list(tune(stack, "premium")) == ["", "customers", "premium"]
    refused(stack.panel.call("get_server_config", ["--module", str(stack.module)]), "timeout")
    assert stack.standin.arrivals()
