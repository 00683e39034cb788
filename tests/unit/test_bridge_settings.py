# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings file: strict, with errors that name the setting and never show a value that may be secret."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from bill_nextcloud.billmanager.messages import LANGUAGES, text
from bill_nextcloud.errors import SettingsInvalid
from bill_nextcloud.settings import Settings, read_settings

SECRET = "hunter2-geheim"


def write(directory: Path, content: str) -> Path:
    """A settings file of that content."""
    path = directory / "settings.toml"
    path.write_text(content, encoding="utf-8")
    return path


def refused(path: Path) -> SettingsInvalid:
    """The error that reading ``path`` raises."""
    with pytest.raises(SettingsInvalid) as raised:
        read_settings(path)
    return raised.value


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    """Every section may be left out, and what is derived follows the defaults."""
    settings = read_settings(write(tmp_path, ""))
    assert settings == Settings()
    assert settings.billmanager.program == Path("/usr/local/mgr5/sbin/mgrctl")
    assert settings.bridge.socket_path == Path("/run/bill-nextcloud/bridge.sock")
    assert settings.engine_database == "sqlite:////var/lib/bill-nextcloud/engine.sqlite"
    assert settings.lock_directory == Path("/var/lib/bill-nextcloud/locks")
    assert settings.accounts.email_owner == "customer"


def test_the_defaults_point_at_files_that_are_there() -> None:
    """The mapping and the project directory of an unpacked repository exist."""
    settings = Settings()
    assert settings.accounts.mapping.is_file()
    assert (settings.bridge.project_directory / "playbooks" / "accounts.yml").is_file()
    assert (settings.bridge.project_directory / "ansible.cfg").is_file()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Each section's values arrive, and the derived paths follow them."""
    path = write(
        tmp_path,
        """
        [billmanager]
        root = "/opt/mgr5"
        mgrctl = "/opt/bin/mgrctl"
        database_url = "sqlite:////tmp/x"
        mgrctl_timeout = 7
        [bridge]
        installation = "panel-2"
        state_directory = "/opt/state"
        runtime_directory = "/dev/shm/x"
        socket = "/tmp/s.sock"
        wait_seconds = 0
        run_timeout = 60
        [engine]
        database = "postgresql://engine"
        workers = 2
        [accounts]
        mapping = "/etc/accounts.yml"
        email_owner = "billmanager"
        [clouds]
        ca_file = "/etc/ca.pem"
        requests_at_once = 8
        deletions_per_hour = 0
        suspensions_per_hour = 3
        """,
    )
    settings = read_settings(path)
    assert settings.billmanager.program == Path("/opt/bin/mgrctl")
    assert settings.billmanager.mgrctl_timeout == 7
    assert settings.bridge.installation == "panel-2"
    assert settings.bridge.socket_path == Path("/tmp/s.sock")
    assert settings.bridge.wait_seconds == 0
    assert settings.bridge.run_timeout == 60
    assert settings.lock_directory == Path("/opt/state/locks")
    assert settings.engine_database == "postgresql://engine"
    assert settings.engine.workers == 2
    assert settings.accounts.mapping == Path("/etc/accounts.yml")
    assert settings.accounts.email_owner == "billmanager"
    assert settings.clouds.ca_file == Path("/etc/ca.pem")
    assert settings.clouds.requests_at_once == 8
    assert settings.clouds.deletions_per_hour == 0
    assert settings.clouds.suspensions_per_hour == 3


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[nonsense]\na = 1", "nonsense"),
        ("[bridge]\nsocked = '/x'", "bridge.socked"),
        ("top = 1", "top"),
        ("bridge = 'x'", "bridge"),
        ("[billmanager]\nroot = 'mgr5'", "billmanager.root"),
        ("[billmanager]\nmgrctl = 'mgrctl'", "billmanager.mgrctl"),
        ("[billmanager]\nmgrctl_timeout = 0", "billmanager.mgrctl_timeout"),
        ("[billmanager]\nmgrctl_timeout = 'soon'", "billmanager.mgrctl_timeout"),
        ("[bridge]\ninstallation = 'a b'", "bridge.installation"),
        ("[bridge]\ninstallation = ''", "bridge.installation"),
        ("[bridge]\nstate_directory = 'state'", "bridge.state_directory"),
        ("[bridge]\nruntime_directory = 'run'", "bridge.runtime_directory"),
        ("[bridge]\nsocket = 'bridge.sock'", "bridge.socket"),
        ("[bridge]\nproject_directory = '.'", "bridge.project_directory"),
        ("[bridge]\nwait_seconds = 301", "bridge.wait_seconds"),
        ("[bridge]\nwait_seconds = -1", "bridge.wait_seconds"),
        ("[bridge]\nrun_timeout = 0", "bridge.run_timeout"),
        ("[engine]\nworkers = 0", "engine.workers"),
        ("[engine]\nworkers = 2001", "engine.workers"),
        ("[accounts]\nemail_owner = 'nobody'", "accounts.email_owner"),
        ("[accounts]\nmapping = 'accounts.yml'", "accounts.mapping"),
        ("[clouds]\nca_file = 'ca.pem'", "clouds.ca_file"),
        ("[clouds]\nrequests_at_once = 0", "clouds.requests_at_once"),
        ("[clouds]\nrequests_at_once = 9", "clouds.requests_at_once"),
        ("[clouds]\ndeletions_per_hour = -1", "clouds.deletions_per_hour"),
        ("[clouds]\nsuspensions_per_hour = 1.5", "clouds.suspensions_per_hour"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, content: str, named: str) -> None:
    """The error says which file and which setting."""
    path = write(tmp_path, content)
    error = refused(path)
    assert error.parameters["file"] == str(path)
    assert named in [part.split(": ")[0] for part in error.parameters["detail"].split("; ")]
    for language in LANGUAGES:
        assert named in text(error.failure, language)


@pytest.mark.parametrize(
    "content",
    [
        "[clouds]\nrequests_at_once = true",
        "[clouds]\nrequests_at_once = '4'",
        "[clouds]\nrequests_at_once = 4.0",
        "[runs]\nwarm_start = 1",
        "[runs]\nwarm_start = 'true'",
        "[runs]\nworkers = 'ssh://bridge@one'",
        "[billmanager]\nmgrctl_timeout = true",
        "[billmanager]\nmgrctl_timeout = '60'",
        "[billmanager]\nitem_types = [1]",
        "[bridge]\nrun_timeout = 60.0",
        "[bridge]\nstate_directory = 1",
        "[usage]\nnotes = [80.0]",
        "[usage]\nnotes = 80",
    ],
)
def test_another_type_is_refused(tmp_path: Path, content: str) -> None:
    """Nothing is made of it that nobody wrote."""
    section, setting = content.split(" = ")[0].split("\n")
    assert refused(write(tmp_path, content)).parameters["detail"].startswith(f"{section[1:-1]}.{setting}")


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    """Nobody has to mend them one by one."""
    detail = refused(write(tmp_path, "[engine]\nworkers = 0\n[clouds]\nca_file = 'x'")).parameters["detail"]
    assert "engine.workers" in detail
    assert "clouds.ca_file" in detail


@pytest.mark.parametrize(
    "content",
    [
        f"[billmanager]\ndatabase_url = ['mysql+pymysql://bill:{SECRET}@db/billmgr']",
        f"[billmanager]\ndatabase_url = {{ url = 'mysql+pymysql://bill:{SECRET}@db/billmgr' }}",
        f"[engine]\ndatabase = ['postgresql://bill:{SECRET}@db/engine']",
        f"[bridge]\npassword = '{SECRET}'",
        f"[bridge]\ninstallation = '{SECRET} and a space'",
        f"[billmanager]\nroot = '{SECRET}'",
        f"[billmanager]\ndatabase_url = '{SECRET}",
        f"[billmanager]\ndatabase_url = {SECRET}",
    ],
)
def test_no_value_is_in_the_error(tmp_path: Path, content: str) -> None:
    """A value may be a password: it is neither in the words nor in the errors behind them, which Ansible prints too."""
    error = refused(write(tmp_path, content))
    assert SECRET not in text(error.failure, "en")
    assert SECRET not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("content", [b"[bridge\n", b"a = 1\na = 2\n", b"# caf\xe9\n"])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    """What is no TOML, or no UTF-8, ends in the same error as a wrong setting."""
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    assert refused(path).parameters["file"] == str(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The reason is in the system's words."""
    error = refused(tmp_path / "none.toml")
    assert error.parameters == {"file": str(tmp_path / "none.toml"), "detail": "No such file or directory"}
    assert refused(tmp_path).parameters["detail"] == "Is a directory"
