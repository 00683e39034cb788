# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where occ and PHP are found, as whom occ runs, and what says that it has not begun."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.occ import find
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.find import find_occ, find_php
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.launch import find_owner, launch
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.refusals import Unusable, refusal

ME = pwd.getpwuid(os.geteuid()).pw_name
SOMEBODY_ELSE = 424242
"""The number of a user that is no entry of the user database."""


def cloud(directory: Path) -> Path:
    """Make the files of a cloud that are looked at; return its occ."""
    (directory / "config").mkdir(parents=True)
    for name in ("occ", "console.php", "config/config.php"):
        (directory / name).touch()
    return directory / "occ"


def executable(path: Path) -> Path:
    """Make a program that does nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which alone occ and PHP are looked for: ``www/*/occ``, ``php/*/php``, and PATH is ``bin``."""
    monkeypatch.setattr(find, "OCC_PLACES", (f"{tmp_path}/www/*/occ", f"{tmp_path}/more/*/occ"))
    monkeypatch.setattr(find, "PHP_PLACES", (f"{tmp_path}/php/*/php",))
    monkeypatch.setattr(find, "_PATH", ())
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    monkeypatch.delenv("NEXTCLOUD_CONFIG_DIR", raising=False)
    return tmp_path


def test_occ_is_found(places: Path) -> None:
    """The only one, wherever it is; the same one found twice; not any file of that name, nor what a restore kept."""
    occ = cloud(places / "more" / "a")
    cloud(places / "more" / "a.before-restore-20261128T163619Z")
    executable(places / "www" / "tool" / "occ")
    (places / "www" / "link").symlink_to(occ.parent)
    assert Path(find_occ(None)).samefile(occ)
    assert find_occ("/where/nobody/can/look/occ") == "/where/nobody/can/look/occ"


def test_occ_is_not_guessed(places: Path) -> None:
    """None, or several: the places are told."""
    with pytest.raises(Unusable, match=r"/www/\*/occ.* occ_path"):
        find_occ(None)
    found = [cloud(places / "www" / name) for name in ("a", "b")]
    with pytest.raises(Unusable, match=f"{found[0]}, {found[1]}. Name one with occ_path"):
        find_occ(None)
    with pytest.raises(Unusable, match="absolute"):
        find_occ("nextcloud/occ")


def test_php_is_found(places: Path) -> None:
    """``php`` of the PATH comes before others, and the one that is named before that."""
    other = executable(places / "php" / "8.2" / "php")
    assert find_php(None) == str(other)
    executable(places / "php" / "8.3" / "php")
    with pytest.raises(Unusable, match=r"8.2/php, .*8.3/php. Name one with php_path"):
        find_php(None)
    usual = executable(places / "bin" / "php")
    assert find_php(None) == str(usual)
    assert find_php(str(other)) == str(other)


def test_php_is_not_guessed(places: Path) -> None:
    """There is none, or the one that is named is no program."""
    with pytest.raises(Unusable, match="no PHP in the PATH"):
        find_php(None)
    (places / "text").touch()
    for given in (places / "text", places / "missing"):
        with pytest.raises(Unusable, match="is not a program"):
            find_php(str(given))
    with pytest.raises(Unusable, match="absolute"):
        find_php("php")


def test_owner(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of config.php beside the real occ, or in the directory that the environment names."""
    occ = cloud(places / "www" / "a")
    (places / "occ").symlink_to(occ)
    assert find_owner(str(places / "occ")).name == ME
    monkeypatch.setenv("NEXTCLOUD_CONFIG_DIR", str(places / "etc"))
    with pytest.raises(Unusable, match=r"there is no .*/etc/config\.php"):
        find_owner(str(occ))
    (occ.parent / "config").rename(places / "etc")
    assert find_owner(str(occ)).name == ME


def test_the_owner_starts_it_directly(places: Path) -> None:
    """Nothing is in between."""
    occ, php = cloud(places / "www" / "a"), executable(places / "bin" / "php")
    how = launch(None, None, None)
    assert (how.command, how.user, how.becomes, how.by_sudo) == ((str(php), str(occ)), ME, None, False)


def test_root_becomes_the_owner(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one without a name, as the user of a container is on its host."""
    occ, php = cloud(places / "www" / "a"), executable(places / "bin" / "php")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    owned(monkeypatch, occ.parent / "config" / "config.php")
    how = launch(None, None, None)
    assert how.command == (str(php), str(occ))
    assert how.becomes is not None
    assert (how.becomes.uid, how.becomes.name, how.user) == (SOMEBODY_ELSE, f"#{SOMEBODY_ELSE}", f"#{SOMEBODY_ELSE}")


@pytest.mark.parametrize("place", ["config", "."])
def test_root_runs_nothing_of_others(places: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Whoever has a directory around config.php could have put a file of root's there."""
    occ = cloud(places / "www" / "a")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    owned(monkeypatch, occ.parent / "config" / "config.php", 0)
    owned(monkeypatch, occ.parent, 0)
    owned(monkeypatch, occ.parent / "config", 0)
    assert find_owner(str(occ)).uid == 0
    owned(monkeypatch, (occ.parent / place))
    with pytest.raises(Unusable, match="is root's, in "):
        find_owner(str(occ))


def test_anybody_else_needs_sudo(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which does not ask, and is not told of variables, whose values it would log."""
    occ, php = cloud(places / "www" / "a"), executable(places / "bin" / "php")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    owned(monkeypatch, occ.parent / "config" / "config.php")
    with pytest.raises(Unusable, match="there is no sudo"):
        launch(None, None, None)
    sudo = executable(places / "bin" / "sudo")
    how = launch(None, None, None)
    assert how.command == (str(sudo), "-n", "-u", f"#{SOMEBODY_ELSE}", "--", str(php), str(occ))
    assert (how.by_sudo, how.becomes) == (True, None)


def owned(monkeypatch: pytest.MonkeyPatch, path: Path, uid: int = SOMEBODY_ELSE) -> None:
    """Let ``path`` be another user's, which only root could do."""
    real = os.stat

    def stat(asked: t.Any, *arguments: t.Any, **options: t.Any) -> os.stat_result:
        found = list(real(asked, *arguments, **options))
        if str(asked) == str(path):
            found[4] = found[5] = uid
        return os.stat_result(found)

    monkeypatch.setattr(os, "stat", stat)


def test_a_whole_command_is_taken_as_it_is(places: Path) -> None:
    """Nothing is looked for but its program."""
    executable(places / "bin" / "docker")
    executable(places / "bin" / "sudo")
    how = launch(None, None, ["docker", "exec", "nextcloud", "php", "occ"])
    assert (how.command, how.user, how.by_sudo) == (("docker", "exec", "nextcloud", "php", "occ"), None, False)
    assert launch(None, None, ["sudo", "-n", "nextcloud.occ"]).by_sudo
    for command in ([], ["podman", "exec"]):
        with pytest.raises(Unusable, match="occ_command"):
            launch(None, None, command)


SUDO = ["/usr/bin/sudo", "-n", "-u", "www-data", "--", "/usr/bin/php", "/srv/o'c/occ", "user:delete", "--", "anna b"]
REFUSED = {
    "php_old": ("This version of Nextcloud requires at least PHP 8.1<br/>You are currently running 7.4.33.", ""),
    "php_new": ("This version of Nextcloud is not compatible with PHP>=8.5.<br/>You are currently running 8.5.0.", ""),
    "user": ("Console has to be executed with the user that owns the file config/config.php\nCurrent user id: 0\n", ""),
    "posix": ("The posix extensions are required - see https://www.php.net/manual/en/book.posix.php\n", ""),
    "no_occ": ("Could not open input file: /var/www/nextcloud/occ\n", ""),
    "no_docker": (
        "",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
    ),
    "no_container": ("", "Error response from daemon: container 4f1c is not running\n"),
    "sudo_password": ("", "sudo: a password is required\n"),
    "sudo_tty": (
        "",
        "sudo: unable to resolve host cloud: Name or service not known\nsudo: sorry, you must have a tty\n",
    ),
    "sudo_sorry": ("", "Sorry, user x is not allowed to execute '/usr/bin/php' as www-data on cloud.\n"),
}
BEGUN = {
    "failed": ("Group not found\n", ""),
    "silent": ("", ""),
    "sudo_warned": ("", "sudo: unable to resolve host cloud: Name or service not known\n"),
    "crashed": ("", "sudo: a warning\nPHP Fatal error:  Uncaught Error\n"),
    "quoted": (
        'The account "This version of x requires at least PHP 9" already exists.\n',
        "sudo: a password is required\n",
    ),
    "no_password": ("--password-from-env given, but OC_PASS is empty!\n", ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_says_that_it_has_not_begun(name: str) -> None:
    """The words are handed on in one line; a status of 0 says that it has."""
    output, errors = REFUSED[name]
    found = refusal(1, output, errors, sudo=SUDO, with_password=False)
    assert found is not None
    assert "\n" not in found
    assert (output or errors).split("<br/>")[0].splitlines()[-1].strip() in found
    assert refusal(0, output, errors, sudo=SUDO, with_password=False) is None


def test_what_sudo_was_asked_for_is_told() -> None:
    """The whole line as a shell takes it, since a sudoers file has to allow exactly that."""
    told = str(refusal(1, "", "sudo: a password is required\n", sudo=SUDO, with_password=True))
    found = re.fullmatch(r"sudo does not start (.*) \(sudo: a password is required\)", told)
    assert found is not None
    assert shlex.split(found[1]) == SUDO


@pytest.mark.parametrize("name", BEGUN)
def test_what_leaves_a_doubt(name: str) -> None:
    """It may have begun: a name of an account with such words in it changes nothing about that."""
    output, errors = BEGUN[name]
    assert refusal(1, output, errors, sudo=SUDO, with_password=False) is None


def test_a_password_that_sudo_does_not_hand_on() -> None:
    """It is told what the sudoers file lacks."""
    output = "--password-from-env given, but NC_PASS/OC_PASS is empty!\n"
    told = str(refusal(1, output, "", sudo=SUDO, with_password=True))
    assert 'Defaults!OCC_PASSWORDS env_keep += "OC_PASS NC_PASS"' in told
    assert refusal(1, output, "", sudo=None, with_password=True) is None
