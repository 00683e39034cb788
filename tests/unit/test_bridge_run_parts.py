# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of the bridge loads and begins nothing that only a run by hand needs: it would take a third of its time."""

from __future__ import annotations

import shutil
from pathlib import Path

from bill_nextcloud.runs.run import Access, Results, execute
from harness.runs import one_run
from harness.worker import REPOSITORY

ACCESS = Access("http://127.0.0.1:9", "admin", "x")


def test_what_a_run_leaves_out(tmp_path: Path) -> None:
    """BILLmanager's inventory, and the tasks of the lock, which the bridge holds itself."""
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(REPOSITORY / "ansible.cfg", project)
    (project / "collections").symlink_to(REPOSITORY / "collections")
    shutil.copytree(REPOSITORY / "playbooks", project / "playbooks")
    loaded = tmp_path / "loaded"
    with (project / "playbooks" / "plugins" / "inventory" / "billmanager.py").open("a", encoding="utf-8") as plugin:
        plugin.write(f"\nopen({str(loaded)!r}, 'w').close()\n")
    run, private, artifacts = one_run(), tmp_path / "private", tmp_path / "artifacts"
    private.mkdir()
    results = Results()
    session = tmp_path / "session.json"
    execute(
        run,
        ACCESS,
        project=project,
        private=private,
        home=tmp_path / "ansible",
        session=session,
        artifacts=artifacts,
        on_event=results,
    )
    printed = (artifacts / run.ident / "stdout").read_text(encoding="utf-8")
    ((failed, name),) = [(one["failure"]["code"], one["name"]) for one in results.of(run, "Blue", "ended")]
    assert (failed, name) == ("unreachable", run.accounts[0]["name"])
    assert "skipping: [" not in printed
    assert not loaded.exists()
