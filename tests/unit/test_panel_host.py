# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installation and the bridge itself say of a host whose SQLite or version does not fit."""

from __future__ import annotations

import json
import platform
import sqlite3
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from bill_nextcloud.cli.worker import worker
from bill_nextcloud.errors import EngineUnavailable
from harness.worker import REPOSITORY

MANIFEST = {
    "version": "0.10.0",
    "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    "machine": platform.machine(),
    "glibc": "2.17",
}


_SPEC = spec_from_file_location("panel_host", REPOSITORY / "playbooks" / "files" / "panel_host.py")
assert _SPEC is not None
assert _SPEC.loader is not None
panel_host = module_from_spec(_SPEC)
_SPEC.loader.exec_module(panel_host)


@pytest.fixture
def sqlite_3_34(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on AlmaLinux 9."""
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="newer ones need SQLite 3.42, whatever the database")
@pytest.mark.usefixtures("sqlite_3_34")
def test_an_old_sqlite_needs_postgresql(tmp_path: Path) -> None:
    """The installation names the setting, the bridge does not start; with PostgreSQL both are content."""
    settings = tmp_path / "settings.toml"
    (refusal,) = panel_host.interpreter(MANIFEST, str(settings))
    assert "SQLite 3.34.1 is too old" in refusal
    assert str(settings) in refusal
    settings.write_text(f'[bridge]\nstate_directory = "{tmp_path / "state"}"\n', "utf-8")
    assert list(panel_host.interpreter(MANIFEST, str(settings))) == [refusal]
    with pytest.raises(EngineUnavailable) as caught:
        worker(settings)
    assert "3.34.1" in str(caught.value.parameters["detail"])
    assert not (tmp_path / "state").exists()
    settings.write_text('[engine]\ndatabase = "postgresql://bridge@db.example.com/bridge"\n', "utf-8")
    assert list(panel_host.interpreter(MANIFEST, str(settings))) == []


def test_versions_are_compared_as_numbers(tmp_path: Path) -> None:
    """0.9.1 is older than 0.10.0, and a place without a release has no version."""
    directory = tmp_path / "bill-nextcloud"
    assert list(panel_host.older(MANIFEST, str(directory), None)) == []
    directory.mkdir()
    (directory / "bundle.json").write_text(json.dumps({"version": "0.9.1"}), "utf-8")
    assert list(panel_host.older(MANIFEST, str(directory), "0.9.1-abc")) == []
    (directory / "bundle.json").write_text(json.dumps({"version": "0.11.0"}), "utf-8")
    (refusal,) = panel_host.older(MANIFEST, str(directory), "0.11.0-abc")
    assert "bridge_downgrade=true" in refusal


def test_what_was_not_installed_by_the_playbook_is_not_touched(tmp_path: Path) -> None:
    """A directory in the place of the link, another module in the place of ours, another program."""
    (tmp_path / "bill-nextcloud").mkdir()
    assert "not by this playbook" in next(panel_host.place(str(tmp_path / "bill-nextcloud")))
    mgr = tmp_path / "mgr5"
    for folder in ("sbin", "processing"):
        (mgr / folder).mkdir(parents=True)
    (mgr / "sbin" / "mgrctl").touch(0o755)
    module, command = mgr / "processing" / "pmnextcloud", tmp_path / "command"

    def said() -> str:
        return "\n".join(panel_host.host("/opt/bill-nextcloud", str(mgr), str(command)))

    assert str(module) not in said()
    module.symlink_to("/opt/bill-nextcloud/bridge/pmnextcloud")
    assert str(module) not in said()
    module.unlink()
    module.symlink_to("/usr/local/mgr5/src/pmnextcloud/pmnextcloud.py")
    assert f"{module} is another module's" in said()
    command.symlink_to("/opt/bill-nextcloud/.venv/bin/bill-nextcloud")
    assert str(command) not in said()
    command.unlink()
    command.touch()
    assert f"{command} is there, and not by this playbook" in said()


@pytest.mark.parametrize("given", ["/opt/bill-nextcloud/", "opt/bill", "/opt/a b", "/opt/../etc"])
def test_paths_that_are_none(given: str) -> None:
    """Each is refused by the name of its variable."""
    fine = {"directory": "/opt/bill-nextcloud", "billmanager": "/usr/local/mgr5"}
    assert list(panel_host.paths(fine)) == []
    (said,) = panel_host.paths({**fine, "directory": given})
    assert said.startswith("bridge_directory is to be an absolute path")
