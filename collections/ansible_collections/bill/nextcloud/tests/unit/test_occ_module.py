# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nextcloud_occ as a whole: what it takes, returns and writes into the host's log."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import signal
import sys
import syslog
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils import basic
from ansible_collections.bill.nextcloud.plugins.module_utils.occ import lock as locks
from ansible_collections.bill.nextcloud.plugins.modules import nextcloud_occ
from ansible_collections.bill.nextcloud.tests.unit.test_documentation import (
    Comparison,
    described,
    documented,
    taken,
)

PROGRAM = r"""
import os, sys
name = sys.argv[1]
if name == "fail":
    print("It does not work")
    sys.exit(2)
if name == "old":
    print("This version of Nextcloud requires at least PHP 8.1<br/>")
    sys.exit(1)
print(os.environ.get("OC_PASS") and "created anna with " + os.environ["OC_PASS"] or "anna: disabled")
"""


class Host:
    """This machine, with a cloud in a directory; ``logged`` is what would be in its system log."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        (directory / "config").mkdir()
        (directory / "config" / "config.php").touch()
        (directory / "occ").write_text(PROGRAM)
        self.logged: list[str] = []
        self._directory, self._monkeypatch, self._capfd = directory, monkeypatch, capfd
        monkeypatch.setattr(basic, "has_journal", False)
        monkeypatch.setattr(syslog, "syslog", lambda priority, message: self.logged.append(message))

    def run(self, *commands: dict[str, t.Any], check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """Run the module with PHP being Python; return its result."""
        arguments = {
            "commands": list(commands),
            "occ_path": str(self._directory / "occ"),
            "php_path": sys.executable,
            "_ansible_remote_tmp": str(self._directory),
            "_ansible_check_mode": check,
            **options,
        }
        given = {name: value for name, value in arguments.items() if value is not None}
        self._monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        self._monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)  # from ansible-core 2.19 on
        with pytest.raises(SystemExit):
            nextcloud_occ.main()
        result = json.loads(self._capfd.readouterr().out)
        assert isinstance(result, dict)
        return result


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> t.Iterator[Host]:
    """A host, where the module has not been yet."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    yield Host(tmp_path, monkeypatch, capfd)
    for number, handler in signals.items():
        signal.signal(number, handler)


def command(*arguments: str, **options: t.Any) -> dict[str, t.Any]:
    """Return an item of the option ``commands``."""
    return {"arguments": list(arguments), **options}


def test_all_is_well(host: Host, tmp_path: Path) -> None:
    """What is returned, and that the lock is where Ansible has its files."""
    result = host.run(command("list"))
    assert result.pop("invocation")["module_args"]["processes"] == 1
    assert result == {
        "changed": True,
        "command": [sys.executable, str(tmp_path / "occ")],
        "user": pwd.getpwuid(os.geteuid()).pw_name,
        "results": [
            {
                "status": 0,
                "output": "anna: disabled\n",
                "errors": "",
                "timed_out": False,
                "begun": True,
                "refusal": None,
            }
        ],
    }
    assert len(list(tmp_path.glob("bill-nextcloud-occ-*.lock"))) == 1


def test_a_password_changes_no_other_words(host: Host) -> None:
    """Ansible would mask ``disabled`` everywhere, and the account would be taken for another."""
    added, listed = host.run(command("add", password="disabled"), command("list"), command("add", password="1"))[
        "results"
    ][:2]
    assert added["output"] == "created anna with ********\n"
    assert listed["output"] == "anna: disabled\n"


@pytest.mark.parametrize("password", ["simple", "with 'both' \"quotes\"", "back\\slash", "пароль", "a\nb"])
def test_a_password_is_nowhere(host: Host, password: str) -> None:
    """Nor an input: not in the result, in no form, and not in the system's log, which gets nothing of the commands at
    all."""
    secret = {"password": password, "input": password}
    result = host.run(command("add", "anna", **secret), command("fail", "anna", **secret))
    shown = json.dumps(result, ensure_ascii=False)
    for form in (password, repr(password)[1:-1], json.dumps(password)[1:-1]):
        assert form not in shown
        assert form not in "".join(host.logged)
    assert result["invocation"]["module_args"]["commands"][0]["arguments"] == ["add", "anna"]
    assert any("Invoked with" in message for message in host.logged)
    assert "anna" not in "".join(host.logged)


def test_what_is_hidden(host: Host) -> None:
    """It is told in a place of its own, which ``no_log`` covers, and in no message."""
    result = host.run(command("list", hidden=True), command("list"), command("fail", hidden=True))
    assert result.pop("hidden") == ["anna: disabled\n", "It does not work\n"]
    assert [answer["output"] for answer in result["results"]] == ["", "anna: disabled\n", ""]
    assert result["msg"] == "fail: status 2: "


def test_a_failed_command_fails_the_task(host: Host) -> None:
    """With all results, and words on those that failed."""
    result = host.run(command("fail"), command("old"), command("list"), command("fail", changes=False))
    assert (result["failed"], result["problem"], result["changed"]) == (True, "command", True)
    assert [answer["status"] for answer in result["results"]] == [2, 1, 0, 2]
    assert result["msg"].splitlines() == [
        "fail: status 2: It does not work",
        "old: occ cannot be used: This version of Nextcloud requires at least PHP 8.1",
        "fail: status 2: It does not work",
    ]


@pytest.mark.parametrize(("changes", "changed"), [(False, False), (True, True)])
def test_changed(host: Host, *, changes: bool, changed: bool) -> None:
    """What may change something has changed it, unless it was not begun; in check mode it would."""
    assert host.run(command("list", changes=changes))["changed"] is changed
    assert host.run(command("list", changes=changes), check=True)["changed"] is changed
    assert host.run(command("old", changes=changes))["changed"] is False


@pytest.mark.parametrize(
    ("commands", "options", "words"),
    [
        ([{"arguments": []}], {}, "commands[0].arguments has to begin with the name"),
        ([{"arguments": ["list"]}, {"arguments": ["a\0b"]}], {}, "commands[1] has a character in it that no program"),
        ([{"arguments": ["list"], "password": "geh\0eim"}], {}, "commands[0] has a character in it that no program"),
        ([{"arguments": ["list"], "seconds": 0}], {}, "commands[0].seconds must be at least 1"),
        ([{"arguments": ["list"]}], {"processes": 0}, "processes must be at least 1"),
        ([{"arguments": ["list"]}], {"occ_command": ["docker"]}, "mutually exclusive: occ_command|occ_path"),
        ([{"arguments": ["list"], "pasword": "geheim"}], {}, "Unsupported parameters"),
    ],
)
def test_what_cannot_be_meant(
    host: Host, commands: list[dict[str, t.Any]], options: dict[str, t.Any], words: str
) -> None:
    """It is refused before anything is started, without a word of the values."""
    result = host.run(*commands, **options)
    assert result["failed"] is True
    assert words in result["msg"]
    assert "results" not in result
    assert "eim" not in result["msg"]


def test_half_of_a_character() -> None:
    """No program can be given it. (In a process that has a controller loaded, Ansible refuses it before.)"""
    one = {"arguments": ["list"], "password": "geh\ud800eim", "input": None, "seconds": 1, "changes": False}
    with pytest.raises(ValueError, match=r"^commands\[0\] has a character in it that no program can be given$"):
        nextcloud_occ.read({"processes": 1, "commands": [one]})


def test_documentation(host: Host) -> None:
    """Options are documented as they are taken, and results as they are returned, each with words."""
    options = yaml.safe_load(nextcloud_occ.DOCUMENTATION)["options"]
    assert documented(options) == taken(nextcloud_occ.SPEC["argument_spec"])
    returned = yaml.safe_load(nextcloud_occ.RETURN)
    comparison = Comparison(returned)
    result = host.run(command("list", hidden=True), command("old"))
    del result["invocation"]
    comparison.result(result)
    assert comparison.unseen() == set()
    words = [*described(options, "suboptions"), *described(returned, "contains")]
    assert [path for path, text in words if not text] == []


def test_what_is_unusable(host: Host, tmp_path: Path) -> None:
    """No command was started."""
    result = host.run(command("list"), php_path=str(tmp_path / "no-php"))
    assert (result["failed"], result["problem"], "results" in result) == (True, "unusable", False)
    (tmp_path / "config" / "config.php").unlink()
    assert "there is no" in host.run(command("list"))["msg"]


def test_an_earlier_execution_that_does_not_end(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for, and told apart from what somebody has to change."""
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.3)
    host.run(command("list"))
    (file,) = tmp_path.glob("*.lock")
    with file.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = host.run(command("list"))
    assert (result["failed"], result["problem"], "results" in result) == (True, "busy", False)
