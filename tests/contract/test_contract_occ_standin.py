# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests rely on when they use the stand-in's occ: one state with the API, a log of commands, ordered faults."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from contract.client import PASSWORD, Client
from contract.occ import Occ
from standins.cloud.process import StandinCloud

_NOBODY = 65534
_NEW = ("user:add", "--password-from-env")
_OC_PASS = {"OC_PASS": PASSWORD}


def _occ_of(standin: StandinCloud, folder: Path) -> Occ:
    path = standin.install_occ(folder)
    return Occ([str(path.with_name("php")), "-d", "memory_limit=512M", str(path)], standin)


@pytest.fixture
def occ(standin: StandinCloud, tmp_path: Path) -> Iterator[Occ]:
    """occ of a Nextcloud 31, without faults and with an empty log."""
    standin.clear_commands()
    yield _occ_of(standin, tmp_path)
    standin.clear_occ_faults()


@pytest.fixture
def client(standin: StandinCloud) -> Client:
    """The API of the same cloud."""
    return Client(standin)


def test_both_ways_see_the_same_accounts(occ: Occ, client: Client) -> None:
    """What one of them made or changed, the other reads and changes further."""
    occ.run(*_NEW, "--email=one@example.org", "--group=staff", "user_1", environment=_OC_PASS)
    occ.run("user:setting", "user_1", "files", "quota", "1500 GB")
    occ.run("user:setting", "user_1", "core", "lang", "de")
    occ.run("user:setting", "user_1", "settings", "manager", '["admin"]')
    record = client.record("user_1")
    assert record is not None
    told = {name: record[name] for name in ("email", "groups", "language", "manager", "enabled")}
    assert told == {
        "email": "one@example.org",
        "groups": ["staff"],
        "language": "de",
        "manager": "admin",
        "enabled": True,
    }
    assert record["quota"]["quota"] == 1500 * 1024**3
    client.call("PUT", "users/user_1", {"key": "quota", "value": "2 GB"})
    client.call("PUT", "users/user_1/disable")
    assert occ.run("user:setting", "user_1", "files", "quota")[1] == "2 GB\n"
    assert occ.run("user:setting", "user_1", "core", "enabled")[1] == "false\n"
    assert occ.run("user:list", "--disabled")[1] == "  - user_1: user_1\n"
    occ.run("user:delete", "user_1")
    assert client.record("user_1") is None


def test_app_passwords_end_by_their_id(occ: Occ, client: Client) -> None:
    """One that occ made logs in, and does so no more when its id was deleted."""
    client.create("user_1")
    output = occ.run("user:auth-tokens:add", "--password-from-env", "user_1", environment={"NC_PASS": PASSWORD})[1]
    password = output.splitlines()[-1]
    assert client.dav("PROPFIND", "user_1", password=password).status_code == 207
    table = occ.run("user:auth-tokens:list", "user_1")[1].splitlines()
    number = table[3].split("|")[1].strip()
    assert occ.run("user:auth-tokens:delete", "user_1", number)[0] == 0
    assert client.dav("PROPFIND", "user_1", password=password).status_code == 401


def test_second_factors_that_a_test_made_are_told_and_disabled(occ: Occ, standin: StandinCloud) -> None:
    """Enabled ones are in the seed; enforcing them can be read back."""
    standin.make_accounts("user_1", second_factors=["totp"])
    told = "Two-factor authentication is enabled for user user_1\n\nEnabled providers:\n- totp\n"
    assert occ.run("twofactorauth:state", "user_1")[1] == told
    occ.run("twofactorauth:disable", "user_1", "totp")
    assert "Disabled providers:\n- totp\n" in occ.run("twofactorauth:state", "user_1")[1]
    enforced = "Two-factor authentication is enforced for members of the group(s) staff, except members of admin\n"
    assert occ.run("twofactorauth:enforce", "--on", "--group=staff", "--exclude=admin")[1] == enforced
    assert occ.run("twofactorauth:enforce")[1] == enforced
    assert occ.run("twofactorauth:enforce", "--off")[1] == "Two-factor authentication is not enforced\n"


def test_settings_are_listed_and_set_in_config_php(occ: Occ) -> None:
    """In the words of a Nextcloud 31.0.6; an app without settings has a list."""
    nothing = '{\n    "apps": {\n        "bruteForce": []\n    }\n}\n'
    assert occ.run("config:list", "bruteForce")[1] == nothing
    occ.run("config:app:set", "--value=192.0.2.1/32", "bruteForce", "whitelist_1")
    listed = '{"apps":{"bruteForce":{"whitelist_1":"192.0.2.1\\/32"}}}\n'
    assert occ.run("config:list", "bruteForce", "--output=json")[1] == listed
    told = "System config value skeletondirectory set to empty string\n"
    assert occ.run("config:system:set", "--value=", "skeletondirectory")[1] == told
    told = "System config value rec set to boolean true\n"
    assert occ.run("config:system:set", "--type=boolean", "--value=true", "rec")[1] == told
    assert occ.run("config:system:get", "skeletondirectory")[:2] == (0, "\n")
    assert '"skeletondirectory":"","rec":true}' in occ.run("config:list", "system", "--output=json")[1]


def test_group_quotas_need_the_app(occ: Occ, standin: StandinCloud) -> None:
    """Without the app groupquota its commands are unknown; nonsense ends with -1, which is 255."""
    occ.run("group:add", "staff")
    assert 'no commands defined in the "groupquota" namespace' in occ.run("groupquota:get", "staff")[2]
    standin.set_app_config("groupquota", enabled="yes")
    assert occ.run("groupquota:get", "staff")[1] == "-3\n"
    assert occ.run("groupquota:set", "staff", "2 GB")[:2] == (0, f"{2 * 1024**3}\n")
    assert occ.run("groupquota:get", "--format", "staff")[1] == "2 GB\n"
    assert occ.run("groupquota:set", "staff", "lots")[0] == 255
    assert occ.run("groupquota:get", "nobody")[:2] == (255, "Group not found: nobody\n")


def test_files_go_to_another_account(occ: Occ, client: Client) -> None:
    """All of them, into a folder that tells whose they were."""
    client.create("user_1")
    client.create("user_2")
    client.dav("PUT", "user_1", "a.txt", b"text")
    status, output, _ = occ.run("files:transfer-ownership", "user_1", "user_2")
    assert status == 0
    folder = output.partition("user_2/files/")[2].partition(" ...")[0]
    assert client.dav("GET", "user_2", f"{folder}/a.txt").content == b"text"
    assert client.dav("GET", "user_1", "a.txt").status_code == 404


def test_blocked_address_may_log_in_again(occ: Occ, client: Client) -> None:
    """security:bruteforce:reset ends the block."""
    wrong = client.fresh()
    wrong.session.auth = ("admin", "not-the-password")
    statuses = [wrong.call("GET", "users").status_code for _ in range(12)]
    assert statuses[-1] == 429
    occ.run("security:bruteforce:reset", "127.0.0.1")
    assert client.call("GET", "users").status_code == 200


def test_maintenance_mode_holds_for_both(occ: Occ, client: Client) -> None:
    """The API says 503; of occ the commands of apps are gone, and --no-warnings keeps it from saying so."""
    occ.run("maintenance:mode", "--on")
    assert client.call("GET", "users").status_code == 503
    status, _, errors = occ.run("files:transfer-ownership", "a", "b")
    assert status == 1
    assert "no apps are loaded" in errors
    assert 'Command "files:transfer-ownership"' not in errors
    assert 'no commands defined in the "files" namespace' in errors
    assert occ.run("--no-warnings", "user:list")[2] == ""
    assert "no apps are loaded" in occ.run("user:list", "--output=json", "--no-warnings")[2]
    occ.run("maintenance:mode", "--off")
    assert client.call("GET", "users").status_code == 200


def test_log_has_every_command_and_no_password(occ: Occ, standin: StandinCloud) -> None:
    """Arguments, which variables held a password, who ran it, when, and how it ended."""
    occ.run(*_NEW, "user_1", environment={"OC_PASS": PASSWORD, "NC_PASS": PASSWORD})
    occ.run("user:info", "user_2")
    added, asked = standin.commands()
    assert (added["arguments"], added["passwords"]) == ([*_NEW, "user_1"], ["OC_PASS", "NC_PASS"])
    assert (added["status"], asked["status"]) == (0, 1)
    assert added["uid"] == added["started_by"] == os.getuid()
    assert added["started"] <= added["ended"] <= asked["started"]
    assert PASSWORD not in str(standin.commands())


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may look into; that of `tmp_path` is closed to them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_root_becomes_the_owner(standin: StandinCloud, open_folder: Path) -> None:
    """On a Nextcloud of 31. Anybody else stays what he is."""
    root = os.getuid() == 0
    path = standin.install_occ(open_folder / "www", owner=_NOBODY if root else None)
    standin.clear_commands()
    assert Occ([str(path.with_name("php")), str(path)], standin).run("status")[0] == 0
    entry = standin.commands()[0]
    assert (entry["uid"], entry["started_by"]) == (_NOBODY if root else os.getuid(), os.getuid())


def test_others_than_the_owner_are_refused(occ: Occ, standin: StandinCloud, tmp_path: Path) -> None:
    """Nothing is asked of the server then."""
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    if os.getuid() == 0:
        (foreign / "config.php").touch()
        os.chown(foreign / "config.php", _NOBODY, -1)
    else:
        (foreign / "config.php").symlink_to("/etc/passwd")
    environment = {"NEXTCLOUD_CONFIG_DIR": str(foreign)}
    status, output, _ = occ.run("status", environment=environment)
    assert status == 1
    assert output.startswith("Console has to be executed with the user that owns the file config/config.php\n")
    assert f"Current user id: {os.getuid()}\n" in output
    assert standin.commands() == []


@pytest.mark.parametrize(
    ("fault", "ending", "made"),
    [
        ({"fault": "fail", "status": 3, "output": "a\n", "errors": "b\n"}, (3, "a\n", "b\n"), False),
        ({"fault": "fail_after", "status": 3, "errors": "b\n"}, (3, "", "b\n"), True),
        ({"fault": "nothing", "output": "all well\n"}, (0, "all well\n", ""), False),
        ({"fault": "killed"}, (-signal.SIGKILL, "", ""), False),
        ({"fault": "killed_after", "signal": int(signal.SIGTERM)}, (-signal.SIGTERM, "", ""), True),
        (
            {"fault": "noise", "output": "PHP Warning: x\n", "errors": "y\n"},
            (0, 'PHP Warning: x\nThe account "user_1" was created successfully\n', "y\n"),
            True,
        ),
        ({"fault": "slow", "seconds": 0}, (0, 'The account "user_1" was created successfully\n', ""), True),
        ({"fault": "slow_after", "seconds": 0}, (0, 'The account "user_1" was created successfully\n', ""), True),
        (
            {"fault": "maintenance"},
            (
                0,
                'The account "user_1" was created successfully\n',
                "Nextcloud is in maintenance mode, no apps are loaded.\nCommands provided by apps are unavailable.\n",
            ),
            True,
        ),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else "",
)
def test_fault_hits_the_command_that_it_is_meant_for(
    occ: Occ, client: Client, standin: StandinCloud, fault: dict[str, Any], ending: tuple[int, str, str], made: bool
) -> None:
    """Once; the log names it."""
    standin.occ_fault(**fault, command="user:add", argument="user_1", times=1)
    assert occ.run(*_NEW, "user_2", environment=_OC_PASS)[0] == 0
    assert occ.run("user:info", "user_1")[0] == 1
    assert occ.run(*_NEW, "user_1", environment=_OC_PASS) == ending
    assert (client.record("user_1") is not None) == made
    again = occ.run(*_NEW, "user_1", environment=_OC_PASS)[1]
    assert ("already exists" in again) == made
    assert [entry["fault"] for entry in standin.commands()] == [None, None, fault["fault"], None]


def test_fault_may_let_commands_pass(occ: Occ, standin: StandinCloud) -> None:
    """The first two; then it hits twice."""
    standin.occ_fault("fail", command="status", skip=2, times=2)
    assert [occ.run("status")[0] for _ in range(5)] == [0, 0, 1, 1, 0]


def _started(occ: Occ, standin: StandinCloud, *arguments: str) -> subprocess.Popen[bytes]:
    """A program whose command the stand-in has begun to work on."""
    before = len(standin.commands())
    program = subprocess.Popen([*occ.command, *arguments], env=_OC_PASS, stdout=subprocess.DEVNULL)
    _wait_until(lambda: len(standin.commands()) > before)
    return program


def _wait_until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_command_that_hangs_ends_with_its_program(occ: Occ, client: Client, standin: StandinCloud) -> None:
    """Ended before its work it does none, even when the fault is cleared; without an end to it, it goes on then."""
    standin.occ_fault("hang", times=2)
    ended = _started(occ, standin, *_NEW, "user_1")
    kept = _started(occ, standin, *_NEW, "user_2")
    ended.kill()
    ended.wait()
    _wait_until(lambda: standin.commands()[0]["ended"] is not None)
    assert [entry["ended"] is None for entry in standin.commands()] == [False, True]
    standin.clear_occ_faults()
    assert kept.wait(30) == 0
    assert client.record("user_1") is None
    assert client.record("user_2") is not None


def test_command_that_hangs_at_its_end_has_done_its_work(occ: Occ, client: Client, standin: StandinCloud) -> None:
    """Its program says so only when it is let go."""
    standin.occ_fault("hang_after", times=1)
    program = _started(occ, standin, *_NEW, "user_1")
    _wait_until(lambda: client.record("user_1") is not None)
    assert program.poll() is None
    standin.clear_occ_faults()
    assert program.wait(30) == 0


def test_nonsense_is_refused(standin: StandinCloud, tmp_path: Path) -> None:
    """A misspelt fault must not pass for one that never hit; a product without occ has none to install."""
    with pytest.raises(ValueError, match="fault is one of"):
        standin.occ_fault("explode")
    with pytest.raises(ValueError, match="unknown keys: tmies"):
        standin.occ_fault("fail", tmies=1)
    with pytest.raises(ValueError, match="times must be"):
        standin.occ_fault("fail", times=0)
    with (
        StandinCloud(tmp_path, admin_password="Admin-of-the-stand-in-3", product="opencloud") as opencloud,
        pytest.raises(ValueError, match="has no occ"),
    ):
        opencloud.install_occ(tmp_path / "www")


def test_forty_commands_at_once(occ: Occ, standin: StandinCloud) -> None:
    """None is lost, and each makes its own account."""

    def add(number: int) -> int:
        return occ.run(*_NEW, f"user_{number}", environment=_OC_PASS)[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(add, range(40))) == [0] * 40
    assert len(standin.commands()) == 40
    assert len(occ.run("user:list", "--limit=1000")[1].splitlines()) == 41


def test_reset_leaves_the_installation_usable(occ: Occ, standin: StandinCloud) -> None:
    """It then shows the new state."""
    occ.run(*_NEW, "user_1", environment=_OC_PASS)
    standin.reset()
    assert occ.run("user:list")[1] == "  - admin: admin\n"
