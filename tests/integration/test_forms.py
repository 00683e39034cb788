# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands at which a person waits, through the executable: the cloud answers, or hangs, and an answer comes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from harness.cloud import Server
from harness.playbook import ansible
from harness.processes import below, until
from harness.stack import Stack
from standins.billmanager import Run
from standins.billmanager.database import reading, transaction
from standins.billmanager.descriptor import PLACEHOLDER

from .conftest import running

GIB = 1024**3
LONGEST_WAIT = 8.5  # the module gives up after 8; starting and ending it takes a moment


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, administrator: Path | None) -> Iterator[Stack]:
    """One stack for all: nothing here changes a cloud."""
    with running(tmp_path_factory.mktemp("forms"), administrator) as stack:
        yield stack


@pytest.fixture
def stack(shared: Stack) -> Iterator[Stack]:
    """The stack; in the end nothing was written on the cloud, and no operation is on record."""
    shared.standin.clear_requests()
    yield shared
    # A run that was held would go on, and be seen by the next test.
    until(lambda: not below(shared.worker, "ansible-playbook"))
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
    assert PLACEHOLDER.search(run.error.text_ru + run.error.text_en) is None
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


def service(stack: Stack, **params: str) -> str:
    """A service that is on the books only, with these parameters; its number."""
    number = stack.panel.order(stack.small, stack.panel.add_client("Ivan", "ivan@example.org"))
    stack.sql("UPDATE item SET status = 2 WHERE id = ?", number)
    for name, value in params.items():
        stack.sql("INSERT INTO itemparam VALUES (?, ?, ?)", number, name, value)
    return str(number)


def test_groups_of_the_tariff_form(stack: Stack) -> None:
    """From the cloud, with four requests; kept for the time when it hangs."""
    offered = {"": "—", "customers": "customers", "premium": "premium"}
    for attempt in range(3):
        before = len(stack.standin.requests())
        found = tune(stack, "vip")
        # On a machine that is busy with other tests it may take longer than a person is kept waiting.
        if "customers" in found or attempt == 2:
            break
    assert found == {**offered, "vip": "vip (нет в облаке)"}
    assert len(stack.standin.requests()) == before + 4
    call = partial(stack.panel.call, "get_server_config", ["--module", str(stack.module)])
    kept = call()
    assert (kept.ok, kept.stdout) == (True, "<doc><ok/></doc>")
    stack.standin.fault("hold")
    with ThreadPoolExecutor() as together:
        again = together.submit(call)
        assert tune(stack, "premium") == offered
        refused(again.result(), "timeout")
    assert stack.standin.arrivals()


def test_connection_form_of_a_cloud_that_hangs(stack: Stack) -> None:
    """It comes back to the letter, at once, and its secret goes nowhere else."""
    stack.standin.fault("hold")
    secret = "hunter2-geheim"
    values = f"<url>{stack.cloud.url}</url><username>x</username><password>{secret}</password>"
    form = f'<?xml version="1.0" encoding="UTF-8"?>\n<doc func="processing.add.user"><odd a="1"/>{values}</doc>'
    for command in ("tune_connection", "CONNECTION_FORM_TUNE"):
        run = stack.panel.call(command, ["--new-option", "x"], stdin=form)
        assert (run.ok, run.stdout, run.stderr) == (True, form, "")
    assert stack.standin.requests() == []
    assert secret not in stack.worker.log.read_text()


def test_questions_about_a_service(stack: Stack) -> None:
    """A name, and the way to the account: from BILLmanager's books, while the cloud hangs."""
    stack.standin.fault("hold")
    opened, never = service(stack, username="bob", url=stack.cloud.url), service(stack)
    item = f"<doc><item><id>{never}</id></item></doc>"
    name = ["--item", never, "--param", "username", "--level", "16", "--value"]
    assert document(stack.panel.call("check_param", [*name, "alice"], stdin=item)).find("ok") is not None
    refused(stack.panel.call("check_param", [*name, "BOB"], stdin=item), "username_taken")
    refused(stack.panel.call("check_param", [*name, "б"], stdin=item), "username_unusable")
    assert stack.panel.call("check_param", ["--param", "domain", "--value", "x"]).ok
    way = document(stack.panel.call("transition_control_panel", ["--item", opened, "--key", "nextcloud"]))
    assert [child.tag for child in way] == ["url", "panelcount", "panelname"]
    assert way.findtext("url") == stack.cloud.url.rstrip("/") + "/"
    refused(stack.panel.call("transition_control_panel", ["--item", never]), "account_name_missing")


def test_module_for_a_tariff(stack: Stack) -> None:
    """Whose cloud has the group; none when it does not, with the reason."""
    wrong = stack.tariff("Wrong", groups="nobody")
    # Known already, for a machine that is busy with other tests.
    assert stack.panel.call("get_server_config", ["--module", str(stack.module)]).ok
    form = "<doc><item><pricelist>{}</pricelist></item><skip_modules>{}</skip_modules></doc>"

    def ask(tariff: int, skip: str = "") -> Run:
        return stack.panel.call("get_suitable_module", stdin=form.format(tariff, skip))

    with ThreadPoolExecutor() as together:
        right, none = (together.submit(ask, tariff) for tariff in (stack.small, wrong))
        modules = document(right.result()).findall("modules/module")
        assert [module.get("id") for module in modules] == [str(stack.module)]
        run = none.result()
    refused(run, "no_suitable_module")
    assert run.error is not None
    assert "lacks nobody" in run.error.text_en
    refused(ask(stack.small, str(stack.module)), "no_suitable_module")


def server_config_read(stack: Stack, module: int) -> bool:
    """What the cloud says of itself is kept."""
    return stack.panel.call("get_server_config", ["--module", str(module)]).ok


def test_module_with_most_space(stack: Stack, tmp_path: Path) -> None:
    """Of two clouds that have the group: what was kept of them, and what they say now, through the real playbook; the
    same by hand. The provider's own order is left only where both say it."""
    beside = Server(tmp_path / "beside", free_space=3 * GIB)
    try:
        other = stack.beside(beside)
        tariff = stack.panel.add_tariff("Both", stack.module, (2, "gib"), params={"usergroup": "customers"})
        with transaction(stack.panel.layout.database) as connection:
            connection.execute("INSERT INTO processingmodule2pricelist VALUES (?, ?)", (other.module, tariff))
            # The provider would have the other cloud filled first.
            connection.execute("UPDATE processingmodule SET orderpriority = 0 WHERE id = ?", (other.module,))
        for module in (stack.module, other.module):
            # On a busy machine a cloud may answer too late, and is asked again.
            until(partial(server_config_read, stack, module))
        with reading(stack.panel.layout.database) as connection:
            rows = connection.execute("SELECT config FROM processingmodule ORDER BY id").fetchall()
            kept = [row["config"] for row in rows]
        assert 'free_space="107374182400"' in kept[0]

        def asked() -> list[str]:
            form = f"<doc><item><pricelist>{tariff}</pricelist></item><skip_modules/></doc>"
            run = stack.panel.call("get_suitable_module", stdin=form)
            return [str(module.get("id")) for module in document(run).findall("modules/module")]

        assert asked() == [str(stack.module), str(other.module)]
        # Its app is switched off: the groups are known all the same, and its place is the one behind those that say.
        stack.standin.set_app_config("serverinfo", enabled="no")
        for _ in range(3):  # on a busy machine one may answer too late, and what was kept of it counts
            found = asked()
            if found[0] == str(other.module):
                break
        assert found == [str(other.module), str(stack.module)]
        shown = ansible(stack.worker, "ansible-playbook", "-i", "inventories/billmanager", "playbooks/groups.yml")
        assert shown.returncode == 0, shown.stdout
        assert all(words in shown.stdout for words in ('"free space: 3.00 GiB"', '"free space: not told"', "premium"))
    finally:
        stack.standin.set_app_config("serverinfo", enabled=None)
        beside.stop()


FORMS = ("tune_connection", "pricelist_dynamic_settings_tune", "get_suitable_module", "check_connection")
BAD = {
    "nothing": "",
    "no XML": "nonsense",
    "cut": "<doc><usergroup>a</userg",
    "a document type": '<!DOCTYPE doc [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><doc><usergroup>&b;</usergroup></doc>',
    "another root": "<form/>",
    "too long": f"<doc>{'x' * 600_000}</doc>",
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_forms(stack: Stack, bad: str) -> None:
    """Each is refused in words; the cloud is not asked."""
    for command in FORMS:
        refused(stack.panel.call(command, ["--module", str(stack.module)], stdin=BAD[bad]), "bad_request")
    assert stack.standin.requests() == []


def test_modules_that_are_not_ours(stack: Stack) -> None:
    """A number of none, of another kind of module, and none at all."""
    stack.sql("INSERT INTO processingmodule (name, module) VALUES ('X', 'pmother')")
    ((other,),) = stack.sql("SELECT id FROM processingmodule WHERE module = 'pmother'")
    for module, code in (("999999", "module_unknown"), (str(other), "module_unknown"), ("x", "bad_request")):
        for command in ("pricelist_dynamic_settings_tune", "get_server_config"):
            refused(stack.panel.call(command, ["--module", module], stdin="<doc/>"), code)
    refused(stack.panel.call("get_server_config"), "bad_request")


def test_without_a_bridge(stack: Stack) -> None:
    """Each says so at once, and what the module can do is known all the same."""
    stack.worker.stop()
    for command in (*FORMS, "check_param", "transition_control_panel", "get_server_config"):
        run = stack.panel.call(command, stdin="<doc/>")
        refused(run, "bridge_not_running")
        assert run.seconds < 2
    stack.panel.restart()
    announced = {str(feature.get("name")) for feature in stack.panel.features().iterfind("features/feature")}
    assert announced >= {*FORMS, "pricelist_dynamic_settings", "check_param", "transition_control_panel"}
    stack.worker.start()
