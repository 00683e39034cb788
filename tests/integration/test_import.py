# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that were there before become services, by the real executable and the real command."""

from __future__ import annotations

import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.stack import Stack
from harness.worker import COMMAND
from standins.billmanager import Run, operations, sales
from standins.billmanager.database import reading, transaction

GIB = 1024**3
MIB = 1024**2
TYPE = "backupservice"
CALL = "processing.import.service"


def import_(stack: Stack, search: str = "", item_type: str = TYPE) -> Run:
    """BILLmanager's call."""
    return stack.panel.call(
        "import", ["--module", str(stack.module), "--itemtype", item_type, "--searchstring", search, "--level", "30"]
    )


def imported(run: Run) -> dict[str, int]:
    """What has become of which account: the services of an answer."""
    assert run.ok, run
    services = ElementTree.fromstring(run.stdout).findall("imported/service")
    return {one.attrib["account"]: int(one.attrib["id"]) for one in services}


def left_out(run: Run) -> dict[str, str]:
    """Why others did not."""
    return {
        one.attrib["name"]: one.attrib["reason"]
        for one in ElementTree.fromstring(run.stdout).findall("left_out/account")
    }


def command(stack: Stack, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """``bill-nextcloud``, which has to end with ``status``."""
    done = subprocess.run(
        [COMMAND, words[0], "--settings", str(stack.worker.settings_file), *words[1:]],
        env={"PATH": os.defpath, "HOME": str(stack.worker.directory), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done
    return done


def existing(stack: Stack, name: str, quota: int = GIB, groups: tuple[str, ...] = ("customers",), **more: Any) -> None:
    """An account of which BILLmanager knows nothing; ``more``: see ``standins.cloud.seeds``."""
    stack.standin.make_accounts(name, quota=str(quota), groups=list(groups), **more)


def rows(stack: Stack) -> list[tuple[Any, ...]]:
    """Number, name, status and what is saved of the services that imports have made."""
    with reading(stack.panel.layout.database) as connection:
        found = connection.execute(
            "SELECT i.id, i.name, i.status, u.value AS username, a.value AS url FROM item i"
            " JOIN itemparam n ON n.item = i.id AND n.intname = 'import_service_name'"
            " LEFT JOIN itemparam u ON u.item = i.id AND u.intname = 'username'"
            " LEFT JOIN itemparam a ON a.item = i.id AND a.intname = 'url' ORDER BY i.id"
        ).fetchall()
    return [tuple(row[name] for name in ("id", "name", "status", "username", "url")) for row in found]


def test_what_becomes_a_service(stack: Stack) -> None:
    """Exactly what fits, and nothing on the cloud changes; the rest with its reason. Then a client has it, and all that
    BILLmanager asks for later is right."""
    assert stack.small
    assert stack.large
    assert "import" in {str(feature.get("name")) for feature in stack.panel.features().iterfind("features/feature")}
    # Both are 1.5 GB to the cloud.
    for number in (1500, 1536):
        stack.tariff(f"{number} MiB", (number, "mib"))
    client = stack.panel.add_client("Anna", "ANNA@example.org")
    sold(stack, client, operations.ACTIVE, username="sold", url=stack.cloud.url)
    existing(stack, "sold")
    # Of a closed service, until its deadline: whoever took it over would lose it then.
    sold(stack, client, operations.DELETED, username="kept", delete_after="2999-01-01T00:00:00Z")
    existing(stack, "kept", enabled=False)
    existing(stack, "anna", email="anna@example.org", password="geheim-Anna-1", used=MIB)
    existing(stack, "Boris", 3 * GIB, ("premium", "friends"), enabled=False)
    existing(stack, "both", groups=("customers", "premium"))
    existing(stack, "round", 1500 * MIB)
    existing(stack, "odd", 2 * GIB)
    existing(stack, "ldap", backend="LDAP")
    existing(stack, "chief", groups=("customers", "admin"))
    before = stack.writes()
    run = import_(stack)
    made = imported(run)
    assert set(made) == {"anna", "Boris"}
    assert left_out(run) == {
        stack.cloud.username: "import_administrator",
        "chief": "import_administrator",
        "sold": "import_claimed",
        "kept": "import_kept",
        "both": "import_no_tariff",
        "odd": "import_no_tariff",
        "round": "import_several_tariffs",
        "ldap": "import_elsewhere",
    }
    assert stack.writes() == before
    url = stack.cloud.url
    assert rows(stack) == [
        (made["Boris"], "Boris", 3, "Boris", url),
        (made["anna"], "anna", 2, "anna", url),
    ]
    assert list((stack.worker.state / "runs").glob("*")) == []
    assert "example.org" not in stack.worker.log.read_text()
    assert imported(import_(stack)) == {}
    for service in made.values():
        stack.panel.assign(service, client)
    assert "0 differ" in command(stack, "drift").stdout
    assert stack.panel.call("stat", ["--module", str(stack.module)]).ok
    used_later(stack, made["anna"], made["Boris"])


def sold(stack: Stack, client: int, status: int, **params: str) -> None:
    """A service that was there before."""
    with transaction(stack.panel.layout.database) as connection:
        service = sales.add_service(connection, stack.small, client, None, 1)
        connection.execute("UPDATE item SET status = ? WHERE id = ?", (status, service))
        for name, value in params.items():
            sales.insert(connection, "itemparam", item=service, intname=name, value=value)


def used_later(stack: Stack, anna: int, boris: int) -> None:
    """The life of imported services: active ``anna`` on the small tariff, suspended ``boris`` on the large one."""
    panel = stack.panel
    panel.resume(boris)
    panel.change_tariff(anna, stack.large)
    both(stack)
    account = stack.cloud.account("Boris") or {}
    assert (account["enabled"], sorted(account["groups"])) == (True, ["friends", "premium"])
    account = stack.cloud.account("anna") or {}
    assert (account["quota"]["quota"], account["groups"]) == (3 * GIB, ["premium"])
    panel.suspend(boris)
    panel.prolong(anna)
    both(stack)
    assert (stack.cloud.account("Boris") or {})["enabled"] is False
    assert panel.call("open", ["--item", str(anna)]).ok
    assert "userpassword" not in panel.service(anna)["params"]
    assert stack.cloud.account("anna") == account
    panel.change_password(anna, "new-Geheim-77")
    stack.run(anna)
    assert panel.service(anna)["params"]["userpassword"] == "new-Geheim-77"
    # What is gone is not made anew.
    stack.cloud.delete("Boris")
    panel.resume(boris)
    panel.close(anna)
    refused, closed = panel.run_pending(2)
    assert (refused.exit_code, closed.ok) == (1, True)
    assert (stack.cloud.account("Boris"), stack.cloud.account("anna")) == (None, None)


def both(stack: Stack) -> None:
    """What is asked for of both services goes well."""
    assert all(run.ok for run in stack.panel.run_pending(2))


def test_killed_and_repeated(stack: Stack) -> None:
    """Behind each write to BILLmanager: the next import makes the rest, and each account is one service."""
    assert stack.small
    names = ["anna", "boris", "carl"]
    for name in names:
        existing(stack, name)
    for function, skip in ((CALL, 0), ("service.saveparam", 0), ("service.saveparam", 1)):
        stack.panel.set_fault("kill_caller_after", function, times=1, skip=skip)
        assert import_(stack).exit_code == 1
        assert [row[1] for row in rows(stack)] == ["anna"]
        stack.worker.start()
    assert set(imported(import_(stack))) == {"boris", "carl"}
    assert len(stack.panel.mgrctl_calls(CALL)) == 3
    assert [row[1:] for row in rows(stack)] == [(name, 2, name, stack.cloud.url) for name in names]


def test_two_at_once(stack: Stack) -> None:
    """Two imports, and one of the command: each account is made a service once."""
    assert stack.small
    names = [f"user{number}" for number in range(5)]
    for name in names:
        existing(stack, name)
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(import_, stack) for _ in range(2)]
        shown = pool.submit(command, stack, "import", "--cloud", "Cloud", "--adopt")
        found = [imported(call.result()) for call in calls]
        shown.result()
    assert sorted(row[3] for row in rows(stack)) == names
    assert len(stack.panel.mgrctl_calls(CALL)) == len(names)
    assert set().union(*found) <= set(names)


def test_wrong_calls_and_troubles(stack: Stack) -> None:
    """A clear error, and nothing is half done: what is missing or unknown, a cloud in trouble, a BILLmanager that
    refuses."""
    existing(stack, "anna")
    existing(stack, "boris")
    module = ["--module", str(stack.module)]
    for arguments, error in (
        (["--itemtype", TYPE], "bad_request"),
        (module, "bad_request"),
        (["--module", "99", "--itemtype", TYPE], "module_unknown"),
        ([*module, "--itemtype", TYPE], "nothing_sold"),
    ):
        refused(stack.panel.call("import", arguments), error)
    assert stack.small
    refused(import_(stack, item_type="vhost"), "nothing_sold")
    stack.standin.fault("status", status=500)
    refused(import_(stack), "server_error")
    stack.standin.clear_faults()
    run = import_(stack, "an?, b*x")
    assert (imported(run), left_out(run)) == ({}, {})
    run = import_(stack, "nobody")
    assert (imported(run), left_out(run)) == ({}, {"nobody": "import_account_missing"})
    assert rows(stack) == []
    stack.panel.set_fault("error", CALL, times=1)
    run = import_(stack, "ANNA; b*")
    refused(run, "import_incomplete")
    assert "anna" in run.stderr
    assert [row[1] for row in rows(stack)] == ["boris"]
    assert stack.administer("hold", cloud=stack.module, reason="test")["status"] == "done"
    before = len(stack.standin.requests())
    refused(import_(stack), "held_by_administrator")
    assert len(stack.standin.requests()) == before


def refused(run: Run, error: str) -> None:
    """It ended with this error."""
    assert run.exit_code == 1, run
    assert run.error is not None
    assert run.error.type == f"nextcloud_{error}"


def test_the_command(stack: Stack) -> None:
    """Shows, then makes; a table for people, JSON for programs, and an exit status that tells."""
    assert stack.small
    client = stack.panel.add_client("ООО Ёж", "anna@example.org")
    existing(stack, "anna", email="Anna@example.org")
    existing(stack, "boris", enabled=False)
    existing(stack, "odd", 2 * GIB)
    shown = command(stack, "import", "--cloud", "Cloud", "--search", "anna, b*, odd")
    assert [line.split()[0] for line in shown.stdout.splitlines()[:4]] == ["ACCOUNT", "anna", "boris", "odd"]
    assert f"ООО Ёж ({client})" in shown.stdout
    assert "2 accounts can become services (--adopt), 1 is left out." in shown.stdout
    assert rows(stack) == []
    stack.panel.set_fault("error", CALL, times=1)
    done = json.loads(command(stack, "import", "--cloud", str(stack.module), "--adopt", "--json", status=1).stdout)
    results = {row["account"]: row["result"] for row in done["accounts"]}
    assert results == {"anna": "failed", "boris": "imported", "odd": "left_out", stack.cloud.username: "left_out"}
    assert [row[1:3] for row in rows(stack)] == [("boris", 3)]
    made = command(stack, "import", "--cloud", "Cloud", "--adopt", "--search", "anna").stdout
    assert "is service" in made
    assert "1 account has become a service, 0 are left out." in made
    assert "sold" in command(stack, "import", "--cloud", "Cloud", "--item-type", "vhost", status=2).stderr
    assert command(stack, "import", "--cloud", "Nowhere", status=2).stderr
