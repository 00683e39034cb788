# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real ansible-playbook with the real action plugin against a scripted cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils import secrets
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    ADMIN_PASSWORD,
    PASSWORD,
    ScriptedCloud,
    fault,
    missing,
    no,
    ok,
    record,
)

COLLECTIONS = Path(__file__).resolve().parents[5]
MAP_PASSWORD = "Another-secret-of-a-customer-2"
PATH = "/users/user_12"
WISH = {"name": "user_12", "password": PASSWORD, "quota": "5", "groups": ["g"]}
FORM = [("userid", "user_12"), ("password", PASSWORD), ("quota", "5"), ("groups[]", "g")]
RIGHT = record("user_12", quota=5, groups=["g"])


class Playbook:
    """Plays of one task, whose result is written to a file by a second one."""

    def __init__(self, folder: Path, cloud: ScriptedCloud) -> None:
        self._folder = folder
        self._cloud = cloud
        (folder / "ansible.cfg").write_text("")

    def command(self, task: dict[str, t.Any], *arguments: str, **keywords: t.Any) -> list[str]:
        """Write the playbook; return how to run it. Passwords come from a file, as they should."""
        options = {
            "api_url": self._cloud.url,
            "api_username": ADMIN,
            "api_password": "{{ the_password }}",
            "dialect": "nextcloud",
            "passwords": {"elsewhere": "{{ map_password }}"},
            **task,
        }
        tasks = [
            {"name": "Accounts", "bill.nextcloud.nextcloud_users": options, "register": "result", **keywords},
            {"name": "Keep", "ansible.builtin.debug": {"msg": "RESULT={{ result | to_json }}=END"}},
        ]
        (self._folder / "play.json").write_text(
            json.dumps([{"name": "Play", "hosts": "localhost", "gather_facts": False, "tasks": tasks}])
        )
        variables = {"the_password": ADMIN_PASSWORD, "customer_password": PASSWORD, "map_password": MAP_PASSWORD}
        (self._folder / "vars.json").write_text(json.dumps(variables))
        program = str(Path(sys.executable).parent / "ansible-playbook")
        files = [str(self._folder / "play.json"), "-e", "@" + str(self._folder / "vars.json")]
        return [program, "-i", "localhost,", "-c", "local", *files, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """A quiet Ansible that finds the collection and nothing of the machine's configuration."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONFIG": str(self._folder / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCAL_TEMP": str(self._folder / "tmp"),
            "LC_ALL": "C.UTF-8",
        }

    def run(self, task: dict[str, t.Any], *arguments: str, **keywords: t.Any) -> str:
        """Run the playbook and return all that it printed, which never holds a password."""
        done = subprocess.run(
            self.command(task, *arguments, **keywords),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        printed = done.stdout + done.stderr
        for secret in (ADMIN_PASSWORD, PASSWORD, MAP_PASSWORD):
            assert secret not in printed
            assert json.dumps(secret)[1:-1] not in printed
        return printed


@pytest.fixture
def playbook(tmp_path: Path, cloud: ScriptedCloud) -> Playbook:
    """A playbook against the scripted cloud."""
    return Playbook(tmp_path, cloud)


ACCOUNTS = {"accounts": [{**WISH, "password": "{{ customer_password }}"}]}


def test_check_apply_and_again(playbook: Playbook, cloud: ScriptedCloud) -> None:
    """Check mode predicts and writes nothing, apply does it, the second run has nothing to do; diffs are printed."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("GET", "/groups", ok({"groups": ["g"]}), query={"search": "g"})
    printed = playbook.run(ACCOUNTS, "--check", "--diff", "-vvv")
    assert "changed: [localhost]" in printed
    assert "+quota: 5" in printed
    assert "+++ after: user_12" in printed
    cloud.check()

    cloud.expect("GET", PATH, missing())
    cloud.expect("POST", "/users", ok(), FORM)
    cloud.expect("GET", PATH, ok(RIGHT))
    printed = playbook.run(ACCOUNTS, "--diff", "-vvv")
    assert "changed: [localhost]" in printed
    assert '+password: "(set)"' in printed
    assert '"changed": true' in printed
    assert '"action": "created"' in printed
    assert "invocation" not in printed
    cloud.check()

    cloud.expect("GET", PATH, ok(RIGHT))
    printed = playbook.run(ACCOUNTS, "--diff", "-vvv")
    assert "ok: [localhost]" in printed
    assert "changed=0" in printed
    assert "+++ after" not in printed


def test_a_failed_account_does_not_fail_the_task(playbook: Playbook, cloud: ScriptedCloud) -> None:
    """What the cloud says is shown without the password that it repeats."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("POST", "/users", no(400, 107, f"{PASSWORD} is a bad password"), FORM)
    cloud.expect("GET", PATH, missing())
    printed = playbook.run(ACCOUNTS, "-vvv")
    assert "failed=0" in printed
    assert "******** is a bad password" in printed
    assert "password_refused" in printed


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"accounts": [{"name": "a", "state": "gone"}]}, "value of state must be one of"),
        ({"accounts": [], "max_deletions": -1}, "must not be negative"),
        ({"accounts": [], "passwords": "{{ map_password }}"}, "passwords"),
        ({"accounts": [{"state": "absent"}]}, "missing required arguments: name"),
        ({"accounts": [], "colour": "red"}, "Unsupported parameters"),
        (
            {"accounts": [], "passwords": {"anna": {"x": "{{ map_password }}"}}},
            "passwords of account anna must be text",
        ),
        ({"accounts": [{"name": "anna", "password": ["{{ map_password }}"]}]}, "password of account anna must be text"),
        ({"accounts": [], "api_password": {"x": "{{ the_password }}"}}, "api_password must be text"),
    ],
)
def test_wrong_arguments_fail_the_task(playbook: Playbook, task: dict[str, t.Any], words: str) -> None:
    """By the same spec that the documentation is checked against; without showing a secret."""
    printed = playbook.run(task, "-vvv")
    assert "failed=1" in printed
    assert words in printed


def test_null_is_not_given(playbook: Playbook, cloud: ScriptedCloud) -> None:
    """An empty line of YAML leaves an option alone, as if it were not there."""
    cloud.expect("GET", PATH, ok(RIGHT))
    wish = {"name": "user_12", "state": None, "groups": None, "quota": None, "create": None}
    assert "ok: [localhost]" in playbook.run({"accounts": [wish], "max_deletions": None})


def test_async_is_refused(playbook: Playbook) -> None:
    """A task in the background could write after its run was given up."""
    printed = playbook.run(ACCOUNTS, **{"async": 10, "poll": 0})
    assert "does not support async" in printed or "async is not supported" in printed


def test_the_worker_dies_with_its_parent(playbook: Playbook, cloud: ScriptedCloud) -> None:
    """After a kill of ansible-playbook in the middle of a request nothing more is written."""
    cloud.expect("GET", PATH, ok(record("user_12", quota=1)))
    cloud.expect("POST", PATH + "/groups", fault("hang"), [("groupid", "g")])
    process = subprocess.Popen(
        playbook.command(ACCOUNTS), env=playbook.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while cloud.script and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = _children(process.pid)
    assert workers
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 5
    while any(_runs(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(_runs(worker) for worker in workers)


def _children(parent: int) -> list[int]:
    """Return the processes whose parent is this one (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return found


def _runs(process: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def test_secrets_of_arguments() -> None:
    """Found even in arguments that are wrong; too short ones are no use to mask."""
    arguments = {
        "api_password": "adminsecret",
        "dialect": "nextcloud",
        "passwords": {"a": "mapsecret", "b": 12345, "c": None},
        "accounts": [{"password": "ownsecret"}, {"password": "abc"}, "nonsense", None],
    }
    assert secrets.of_arguments(arguments) == {"adminsecret", "mapsecret", "12345", "ownsecret"}
    assert secrets.of_arguments({"passwords": "a string", "accounts": 7}) == {"a string"}
    assert secrets.of_arguments({}) == frozenset()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("user_12 and user", "******** and ********"),
        ("useruser", "****************"),
        ("a user_1234 b", "a ********34 b"),
        ("abuser_12", "********"),
        ("an abuse", "an abuse"),
        ("use", "use"),
        ("", ""),
    ],
)
def test_all_secrets_of_a_text_are_masked(text: str, masked: str) -> None:
    """Those, too, that begin alike, hold one another, or share a part."""
    assert secrets.Masker({"user", "user_12", "abuser"}).masked(text) == masked


def test_masking_leaves_names_alone() -> None:
    """A password may be a part of a name; only words are masked."""
    result = {
        "accounts": [{"name": "user_12", "warnings": ["user"], "failure": {"message": "no user", "account": "user_12"}}]
    }
    secrets.Masker({"user"}).mask_words(result)
    assert result["accounts"][0] == {
        "name": "user_12",
        "warnings": ["********"],
        "failure": {"message": "no ********", "account": "user_12"},
    }


def test_the_module_alone_refuses() -> None:
    """Without its action plugin nothing is done, and it says so."""
    arguments = {"ANSIBLE_MODULE_ARGS": {"api_url": "x", "api_username": "x", "api_password": "x", "accounts": []}}
    code = (
        "import json, sys\n"
        "from ansible.module_utils.testing import patch_module_args\n"
        "from ansible_collections.bill.nextcloud.plugins.modules import nextcloud_users\n"
        f"with patch_module_args({arguments['ANSIBLE_MODULE_ARGS']!r}):\n"
        "    nextcloud_users.main()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1
    assert "action plugin was not found" in done.stdout
