# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in BILLmanager: what exactly a module gets (arguments, folder, environment, stdin) and when it is asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from standins.billmanager import Panel, PanelError

MODULE = """#!/bin/sh
# Writes down how it is called; answers with the file answer.<command>, and ends a change of password.
echo "$2" >> commands
printf '%s\\n' "$0" "$@" > seen.arguments
pwd > seen.folder
env > seen.environment
cat > seen.stdin
cat "answer.$2" 2>/dev/null
if [ "$2" = changepassword ]; then
  sbin/mgrctl -m billmgr service.postchangepassword "elid=$4" sok=ok >/dev/null
elif [ "$2" = open ]; then
  sbin/mgrctl -m billmgr backupservice.open "elid=$4" sok=ok >/dev/null
fi
"""
DESCRIPTOR = """<mgrdata>
  <plugin name="pmnextcloud"><params><type name="backupservice"/></params></plugin>
</mgrdata>"""
FEATURES = '<doc><itemtypes><itemtype name="backupservice"/></itemtypes></doc>'


class Shop:
    """A panel with one cloud, one tariff, one client; the module answers with files in the tree."""

    def __init__(self, root: Path, empty_panel: Path) -> None:
        self.root = root / "mgr5"
        shutil.copytree(empty_panel, self.root)
        (root / "module").write_text(MODULE)
        (root / "module").chmod(0o755)
        (root / "descriptor.xml").write_text(DESCRIPTOR)
        (self.root / "answer.features").write_text(FEATURES)
        self.panel = Panel(self.root)
        self._files = root / "module", root / "descriptor.xml"
        self.panel.install_module(*self._files, {"socket": "somewhere"})
        self.cloud = self.panel.add_cloud("blue", {"url": "https://blue/?a&b"}, {"password": "adminsecret"})
        self.tariff = self.panel.add_tariff("Small", self.cloud)
        self.client = self.panel.add_client("Anna", "anna@example.org")

    def install(self, *, copy: bool = False) -> None:
        self.panel.install_module(*self._files, copy=copy)

    def seen(self, what: str) -> list[str]:
        return (self.root / f"seen.{what}").read_text().splitlines()

    def commands(self) -> list[str]:
        return (self.root / "commands").read_text().split()


@pytest.fixture
def shop(tmp_path: Path, empty_panel: Path) -> Shop:
    return Shop(tmp_path, empty_panel)


def test_an_operation_is_called_as_billmanager_calls_it(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    run = shop.panel.run(service, userid=7, extra=["--level", "16"])
    assert run.finished
    assert shop.seen("arguments") == [
        *("processing/pmnextcloud", "--command", "open", "--item", str(service)),
        *("--runningoperation", str(run.operation), "--userid", "7", "--level", "16"),
    ]
    assert shop.seen("folder") == [str(shop.root)]
    own = ("PWD=", "SHLVL=", "_=", "OLDPWD=")  # what the shell itself sets
    assert [line for line in shop.seen("environment") if not line.startswith(own)] == ["PATH=/usr/bin:/bin"]
    assert shop.seen("stdin") == []


def test_check_connection_gets_all_parameters_on_stdin(shop: Shop) -> None:
    (shop.root / "answer.check_connection").write_text("<doc><ok/></doc>")
    assert shop.panel.check_connection(shop.cloud).ok
    assert shop.seen("arguments")[1:] == ["--command", "check_connection"]
    (document,) = shop.seen("stdin")
    fields = "<url>https://blue/?a&amp;b</url><password>adminsecret</password>" + f"<id>{shop.cloud}</id>"
    assert document == f"<doc><processingmodule>{fields}</processingmodule></doc>"


def test_changepassword_carries_no_clear_password(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    shop.panel.run(service)
    shop.panel.change_password(service, "new-secret")
    assert shop.panel.run(service).finished
    argv = shop.seen("arguments")[1:]
    assert argv[:5] == ["--command", "changepassword", "--item", str(service), "--password"]
    assert len(argv[5]) == 344
    assert argv[6] == "--userid"
    assert shop.panel.history()[-1]["argv"] == [*argv[:5], "(hidden)", *argv[6:]]


def test_other_commands_are_passed_on(shop: Shop) -> None:
    shop.panel.call("stat", ["--module", str(shop.cloud)])
    assert shop.seen("arguments")[1:] == ["--command", "stat", "--module", str(shop.cloud)]


def test_features_are_asked_once_per_start(shop: Shop) -> None:
    first, second = (shop.panel.order(shop.tariff, shop.client) for _ in range(2))
    shop.panel.run(first)
    assert shop.commands() == ["features", "open"]
    shop.panel.restart()
    shop.panel.run(second)
    assert shop.commands() == ["features", "open", "features", "open"]


def test_a_module_with_wrong_features_is_not_installed(shop: Shop) -> None:
    (shop.root / "answer.features").write_text(FEATURES.replace("backupservice", "teapot"))
    with pytest.raises(PanelError, match="does not know: teapot"):
        shop.install()


def test_a_module_may_be_a_link_or_a_copy(shop: Shop) -> None:
    target = shop.root / "processing" / "pmnextcloud"
    assert target.is_symlink()
    shop.install(copy=True)
    assert not target.is_symlink()


def test_key_and_configuration_are_private(shop: Shop) -> None:
    path = shop.root / "etc" / "pmnextcloud.conf"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {"socket": "somewhere"}
    assert (shop.root / "etc" / "billmgr.pem").stat().st_mode & 0o777 == 0o600
