# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log-in that a file keeps from task to task: when it is used, when it ends, and whom it is kept from."""

from __future__ import annotations

import json
import os
import stat
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import PROBE
from ansible_collections.bill.nextcloud.plugins.plugin_utils import probe_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Password
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session_file import SessionFile
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import Cookie
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, code, run, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    ADMIN_PASSWORD,
    PASSWORD,
    Answer,
    ScriptedCloud,
    missing,
    no,
    ok,
    record,
    whole_path,
)

PATH = "/users/user_12"
ABSENT = {"state": "absent"}
COOKIES = [Cookie("oc_session", "abc", "127.0.0.1")]
REFUSALS = [no(401, 997, "Current user is not logged in"), no(403, 403, "Password confirmation is required")]
"""Of a session that has ended, and of one whose log-in was too long ago."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the session is kept."""
    directory = tmp_path / "sessions"
    directory.mkdir(mode=0o700)
    return directory / "cloud.json"


def look(
    cloud: ScriptedCloud, file: Path, *, with_cookie: bool, answer: Answer | None = None, **options: t.Any
) -> t.Any:
    """Run a task that asks the cloud for one account, which does not exist; return the result."""
    user = (options.get("api_username", ADMIN), options.get("api_password", ADMIN_PASSWORD))
    cloud.expect("GET", PATH, answer or missing(), with_cookie=with_cookie, user=user)
    return run(cloud, ABSENT, session_path=str(file), **options)


def aged(file: Path, seconds: float) -> None:
    """Have the log-in of a kept session be so much longer ago."""
    content = json.loads(file.read_text())
    content["logged_in_at"] -= seconds
    file.write_text(json.dumps(content))


def test_one_log_in_for_two_tasks(cloud: ScriptedCloud, file: Path) -> None:
    """The second begins with the cookies of the first; without the option none does."""
    look(cloud, file, with_cookie=False)
    written = file.read_bytes()
    result = look(cloud, file, with_cookie=True)
    assert code(result["accounts"][0]) is None
    assert "warnings" not in result
    assert file.read_bytes() == written
    cloud.expect("GET", PATH, missing(), with_cookie=False)
    run(cloud, ABSENT)


def test_the_file_is_its_owners_and_tells_no_password(cloud: ScriptedCloud, file: Path) -> None:
    """Whatever the umask; nothing else is left beside it, and nothing of it is in the result."""
    before = os.umask(0)
    try:
        result = look(cloud, file, with_cookie=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    content = file.read_text()
    assert ADMIN_PASSWORD not in content
    assert ADMIN_PASSWORD not in json.loads(content).values()
    assert str(file.parent) not in str(result)
    assert "abc" not in str(result)


def test_a_session_ends_25_minutes_after_its_log_in(cloud: ScriptedCloud, file: Path) -> None:
    """Not after its last use: at 30 minutes Nextcloud would refuse writes. A new one takes its place."""
    look(cloud, file, with_cookie=False)
    for _number in range(2):
        aged(file, 12 * 60)
        look(cloud, file, with_cookie=True)
    aged(file, 2 * 60)
    look(cloud, file, with_cookie=False)
    assert time.time() - json.loads(file.read_text())["logged_in_at"] < 60
    look(cloud, file, with_cookie=True)


def test_the_file_itself_counts_from_the_log_in(cloud: ScriptedCloud, file: Path) -> None:
    """It hands out none that is too old, and takes none."""
    endpoint, credentials = Endpoint.parse(cloud.url, None), Password(ADMIN, ADMIN_PASSWORD)
    now = 1_000_000.0
    kept = SessionFile(str(file), endpoint, credentials, now=lambda: now)
    kept.write(COOKIES, 26 * 60)
    assert not file.exists()
    kept.write(COOKIES, 10 * 60)
    now += 14 * 60
    found = kept.read()
    assert found is not None
    assert (found.cookies, found.age) == (tuple(COOKIES), 24 * 60)
    now += 2 * 60
    assert kept.read() is None
    assert not file.exists()


def test_a_session_ends_in_the_middle_of_a_task(cloud: ScriptedCloud, file: Path) -> None:
    """When 25 minutes are over since the log-in of the task before; the new one is kept."""
    look(cloud, file, with_cookie=False)
    aged(file, 20 * 60)
    now = 1000.0
    endpoint, credentials = Endpoint.parse(cloud.url, None), Password(ADMIN, ADMIN_PASSWORD)
    session = Session(endpoint, credentials, clock=lambda: now, file=SessionFile(str(file), endpoint, credentials))
    for minutes, with_cookie in ((0, True), (4, True), (6, False), (7, True)):
        now = 1000 + minutes * 60
        cloud.expect("GET", PATH, missing(), with_cookie=with_cookie)
        session.request("GET", whole_path(PATH))
    session.close()
    assert 59 < time.time() - json.loads(file.read_text())["logged_in_at"] < 120


def test_a_log_in_yet_to_come_is_not_used(cloud: ScriptedCloud, file: Path) -> None:
    """The clock was set back."""
    look(cloud, file, with_cookie=False)
    aged(file, -3600)
    look(cloud, file, with_cookie=False)


def test_another_password_ends_it(cloud: ScriptedCloud, file: Path) -> None:
    """At once, and for good: it is gone even when that password is refused."""
    look(cloud, file, with_cookie=False)
    result = look(cloud, file, with_cookie=False, answer=REFUSALS[0], api_password=PASSWORD)
    assert code(result["accounts"][0]) == "wrong_credentials"
    assert not file.exists()
    look(cloud, file, with_cookie=False)


def test_another_cloud_or_account_ends_it(cloud: ScriptedCloud, file: Path, tmp_path: Path) -> None:
    """Cookies are not taken to another address, nor to one that another certificate authority vouches for."""
    here, credentials = Endpoint.parse(cloud.url, None), Password(ADMIN, ADMIN_PASSWORD)
    authority = tmp_path / "ca.pem"
    authority.touch()
    for other in (
        (Endpoint.parse(cloud.url + "/deeper", None), credentials),
        (Endpoint.parse(cloud.url, str(authority)), credentials),
        (here, Password("other", ADMIN_PASSWORD)),
    ):
        SessionFile(str(file), here, credentials).write(COOKIES, 0)
        assert SessionFile(str(file), here, credentials).read() is not None
        assert SessionFile(str(file), *other).read() is None
        assert not file.exists()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_session_is_renewed_once(cloud: ScriptedCloud, file: Path, refusal: Answer) -> None:
    """The call was refused before it ran, so it is repeated after a log-in; that is what is kept then."""
    look(cloud, file, with_cookie=False)
    aged(file, 20 * 60)
    cloud.expect("GET", PATH, ok(record("user_12")), with_cookie=True)
    cloud.expect("PUT", PATH + "/disable", refusal, with_cookie=True)
    cloud.expect("PUT", PATH + "/disable", ok(), with_cookie=False)
    cloud.expect("GET", PATH, ok(record("user_12", enabled=False)), with_cookie=True)
    result = run(cloud, {"state": "disabled"}, session_path=str(file))
    assert code(result["accounts"][0]) is None
    assert time.time() - json.loads(file.read_text())["logged_in_at"] < 60


@pytest.mark.parametrize(
    ("refusal", "expected"), [(REFUSALS[0], "wrong_credentials"), (REFUSALS[1], "write_not_permitted")]
)
def test_a_log_in_that_is_refused_too_is_the_last(
    cloud: ScriptedCloud, file: Path, refusal: Answer, expected: str
) -> None:
    """Two requests and no more: failed log-ins lock the address. The next task does not try the session again."""
    look(cloud, file, with_cookie=False)
    cloud.expect("GET", PATH, refusal, with_cookie=True)
    result = look(cloud, file, with_cookie=False, answer=refusal)
    assert code(result["accounts"][0]) == expected
    assert not file.exists()


def test_a_401_within_a_tasks_own_session_is_final(cloud: ScriptedCloud, file: Path) -> None:
    """Also for one that took the place of an earlier task's."""
    look(cloud, file, with_cookie=False)
    cloud.expect("GET", PATH, REFUSALS[0], with_cookie=True)
    cloud.expect("GET", PATH, ok(record("user_12")), with_cookie=False)
    cloud.expect("PUT", PATH + "/disable", REFUSALS[0], with_cookie=True)
    result = run(cloud, {"state": "disabled"}, session_path=str(file))
    assert code(result["accounts"][0]) == "wrong_credentials"
    assert not file.exists()


@pytest.mark.parametrize("answer", [no(503, 503), Answer(500), Answer(429)])
def test_what_was_never_acknowledged_is_not_kept(cloud: ScriptedCloud, file: Path, answer: Answer) -> None:
    """A cloud in trouble sets cookies as well, which are no log-in."""
    look(cloud, file, with_cookie=False, answer=answer)
    assert not file.exists()


def test_a_session_outlives_trouble(cloud: ScriptedCloud, file: Path) -> None:
    """It was acknowledged before."""
    cloud.expect("GET", PATH, missing(), with_cookie=False)
    cloud.expect("GET", "/users/b", Answer(429), with_cookie=True)
    run(cloud, ABSENT, {"name": "b", "state": "absent"}, session_path=str(file))
    look(cloud, file, with_cookie=True)


def unreadable(file: Path) -> None:
    """It is for its owner, who may not read it."""
    file.chmod(0o000)


def readable_for_others(file: Path) -> None:
    """Its mode says so."""
    file.chmod(0o640)


def in_an_open_directory(file: Path) -> None:
    """Others can put files there."""
    file.parent.chmod(0o770)


def a_link(file: Path) -> None:
    """To a good file, even."""
    file.rename(file.parent / "other")
    file.symlink_to(file.parent / "other")


def below_a_link(file: Path) -> None:
    """The directory is one."""
    file.parent.rename(file.parent.parent / "elsewhere")
    file.parent.symlink_to(file.parent.parent / "elsewhere")


def a_pipe(file: Path) -> None:
    """Nobody writes into it."""
    file.unlink()
    os.mkfifo(file, 0o600)


def a_directory(file: Path) -> None:
    """Of that name."""
    file.unlink()
    file.mkdir(0o700)


def without_a_directory(file: Path) -> None:
    """It was never made."""
    file.unlink()
    file.parent.rmdir()


def something_else(file: Path) -> None:
    """A file of the user's that the option names by mistake."""
    file.write_text("[user]\nname = Anna\n")


def not_whole(file: Path) -> None:
    """Cut off."""
    file.write_bytes(file.read_bytes()[:-5])


def too_large(file: Path) -> None:
    """No session is."""
    file.write_text(" " * 100_000 + file.read_text())


def of_other_fields(file: Path) -> None:
    """Something is missing."""
    content = json.loads(file.read_text())
    del content["salt"]
    file.write_text(json.dumps(content))


def with_another_header(file: Path) -> None:
    """In a cookie."""
    file.write_text(file.read_text().replace("abc", r"abc\r\nX-Evil: 1"))


def with_a_number_for_a_cookie(file: Path) -> None:
    """JSON, but no text."""
    file.write_text(file.read_text().replace('"abc"', "5"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        *([(unreadable, "Permission denied")] if os.geteuid() else []),
        (readable_for_others, "the mode of cloud.json is 0640, it must be 0600"),
        (in_an_open_directory, "sessions is 0770, it must be 0700"),
        (a_link, "symbolic link"),
        (below_a_link, "Not a directory"),
        (a_pipe, "cloud.json is not a file"),
        (a_directory, "cloud.json is not a file"),
        (without_a_directory, "there is no directory"),
        (something_else, "cloud.json holds something else"),
        (not_whole, "cloud.json holds something else"),
        (too_large, "cloud.json holds something else"),
        (of_other_fields, "cloud.json holds something else"),
        (with_another_header, "cloud.json holds cookies that cannot be sent"),
        (with_a_number_for_a_cookie, "cloud.json holds cookies that cannot be sent"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_left_alone(
    cloud: ScriptedCloud, file: Path, spoil: t.Callable[[Path], None], words: str
) -> None:
    """The task logs in and says why; what is there stays as it is."""
    look(cloud, file, with_cookie=False)
    spoil(file)
    before = os.lstat(file) if file.parent.exists() else None
    result = look(cloud, file, with_cookie=False)
    assert code(result["accounts"][0]) is None
    (warning,) = result["warnings"]
    assert warning.startswith("session_path is not used, and the task logs in: ")
    assert words in warning
    after = os.lstat(file) if file.parent.exists() else None
    assert after == before


@pytest.mark.parametrize("whose", ["cloud.json", "sessions"])
def test_what_belongs_to_somebody_else_is_left_alone(
    cloud: ScriptedCloud, file: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """Who can write the file could have us act as another account."""
    look(cloud, file, with_cookie=False)
    real = os.fstat
    inode = (file if whose == "cloud.json" else file.parent).stat().st_ino

    def fstat(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        return os.stat_result((*found[:4], 12345, *found[5:])) if found.st_ino == inode else found

    monkeypatch.setattr(os, "fstat", fstat)
    result = look(cloud, file, with_cookie=False)
    assert "belongs to the user number 12345" in result["warnings"][0]
    assert whose in result["warnings"][0]


def test_a_link_that_appears_later_is_replaced_not_followed(cloud: ScriptedCloud, file: Path, tmp_path: Path) -> None:
    """Between reading and writing."""
    kept = SessionFile(str(file), Endpoint.parse(cloud.url, None), Password(ADMIN, ADMIN_PASSWORD))
    assert kept.read() is None
    victim = tmp_path / "victim"
    victim.write_text("mine")
    file.symlink_to(victim)
    kept.write(COOKIES, 0)
    assert victim.read_text() == "mine"
    assert not file.is_symlink()


def test_a_session_that_cannot_be_written_is_lost(cloud: ScriptedCloud, file: Path) -> None:
    """The task is done nevertheless, and nothing is left: here its name is too long for the file that comes first."""
    name = file.with_name("x" * 250)
    result = look(cloud, name, with_cookie=False)
    assert code(result["accounts"][0]) is None
    assert list(file.parent.iterdir()) == []


def test_two_tasks_at_once(cloud: ScriptedCloud, file: Path) -> None:
    """The last one wins; what is there is always whole."""
    endpoint, credentials = Endpoint.parse(cloud.url, None), Password(ADMIN, ADMIN_PASSWORD)
    first, second = (SessionFile(str(file), endpoint, credentials) for _number in range(2))
    assert (first.read(), second.read()) == (None, None)
    for one, value in ((first, "one"), (second, "two")):
        one.write([Cookie("oc_session", value)], 0)
        kept = SessionFile(str(file), endpoint, credentials).read()
        assert kept is not None
        assert kept.cookies == (Cookie("oc_session", value),)
    first.discard()
    second.discard()
    assert not file.exists()


def test_a_probe_logs_in_itself(cloud: ScriptedCloud, file: Path) -> None:
    """Who asks wants to know of the credentials; and what it logs in is not kept."""
    look(cloud, file, with_cookie=False)
    before = file.read_bytes()
    cloud.expect("GET", "/status.php", Answer(200, b'{"installed": true, "version": "31.0.6.2"}'), with_cookie=False)
    cloud.expect("GET", "/capabilities", REFUSALS[0], with_cookie=False)
    result = probe_task.run(validated(PROBE, cloud.url, session_path=str(file)), NO_SERVER)
    assert result["failure"]["code"] == "wrong_credentials"
    assert file.read_bytes() == before


def test_a_cloud_whose_session_is_kept_is_known(cloud: ScriptedCloud, file: Path) -> None:
    """So it is not asked again what it is, until the session ends or the address is another."""

    def status() -> None:
        cloud.expect("GET", "/status.php", Answer(200, b'{"installed": true, "version": "31.0.6.2"}'), user=None)

    status()
    look(cloud, file, with_cookie=False, dialect="auto")
    look(cloud, file, with_cookie=True, dialect="auto")
    aged(file, 25 * 60)
    status()
    look(cloud, file, with_cookie=False, dialect="auto")
    something_else(file)
    status()
    assert look(cloud, file, with_cookie=False, dialect="auto")["warnings"]
    here, credentials = Endpoint.parse(cloud.url, None), Password(ADMIN, ADMIN_PASSWORD)
    file.unlink()
    SessionFile(str(file), here, credentials).write(COOKIES, 0)
    assert SessionFile(str(file), here, Password("other", PASSWORD)).is_of_cloud()
    assert not SessionFile(str(file), Endpoint.parse(cloud.url + "/deeper", None), credentials).is_of_cloud()
    assert file.exists()


def test_log_ins_as_accounts_are_not_kept(cloud: ScriptedCloud, file: Path) -> None:
    """A proof takes no session along and leaves none: the file is the administrator's."""
    look(cloud, file, with_cookie=False)
    before = file.read_bytes()
    cloud.expect("GET", PATH, ok(record("user_12")), with_cookie=True)
    cloud.expect("GET", "/user", ok({"id": "user_12"}), user=("user_12", PASSWORD), with_cookie=False)
    result = run(cloud, {"password": PASSWORD, "update_password": "always"}, session_path=str(file))
    assert code(result["accounts"][0]) is None
    assert file.read_bytes() == before


def test_a_token_is_not_kept(cloud: ScriptedCloud, file: Path) -> None:
    """Its session might outlive it."""
    cloud.expect("GET", PATH, missing(), user="a-token", with_cookie=False)
    run(cloud, ABSENT, session_path=str(file), api_username=None, api_password=None, api_token="a-token")
    assert not file.exists()
