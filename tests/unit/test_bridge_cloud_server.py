# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud's server in a connection form and in a worker host's file, and the way that Ansible takes to it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.cloud_server import CloudServer, ServerUnusable
from bill_nextcloud.errors import CloudParameterInvalid, CloudParameterMissing
from bill_nextcloud.runs.run import Access, Run, _connection
from harness.runs import one_run
from harness.sshd import make_key

PROJECT = Path("/opt/bill-nextcloud")
LEAST = {"ssh_host": "cloud.example.com", "ssh_user": "occ", "ssh_key_file": "/etc/key"}
FORM = {"url": "https://cloud", "transport": "occ", **LEAST}


@pytest.fixture(scope="module")
def host_keys(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Public keys of each type that a server may have."""
    directory = tmp_path_factory.mktemp("keys")
    found = [make_key(directory / "ed25519")]
    for kind, bits in (("rsa", "2048"), ("ecdsa", "384")):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", "", "-f", directory / kind], check=True
        )
        found.append((directory / f"{kind}.pub").read_text("utf-8").strip())
    return found


def test_the_least() -> None:
    """Host, user and key; everything else has a default."""
    assert CloudServer.of(LEAST) == CloudServer("cloud.example.com", 22, "occ", Path("/etc/key"))


def test_everything(host_keys: list[str]) -> None:
    """As it is typed: with spaces and comments, an empty line, and the ends of lines that a browser sends."""
    lines = [f"  {host_keys[0]} root@cloud ", "", *host_keys[1:]]
    found = CloudServer.of(
        {
            "ssh_host": " Cloud.Example.com ",
            "ssh_port": " 2222 ",
            "ssh_user": " www-data ",
            "ssh_key_file": " /etc/bill-nextcloud/cloud_key ",
            "ssh_host_keys": "\r\n".join(lines),
            "occ_command": "docker exec -i 'my cloud' php occ",
            "unknown": "x",
        }
    )
    assert (found.host, found.port, found.user) == ("cloud.example.com", 2222, "www-data")
    assert list(found.host_keys) == host_keys
    assert (found.occ_path, found.occ_command) == (None, ("docker", "exec", "-i", "my cloud", "php", "occ"))
    assert CloudServer.of(found.params) == found


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        *(("ssh_host", value) for value in ("-oProxyCommand=id", "a b", "a;id", "user@host", "x:y", "host\nother")),
        *(("ssh_port", value) for value in ("0", "65536", "-1", "22a", "2 2", "٢٢", "999999")),
        *(("ssh_user", value) for value in ("-x", "a b", "root@host", '"', "a%h", "имя")),
        *(("ssh_key_file", value) for value in ("key", "~/.ssh/id", "/etc/a b", "/etc/%h", '/etc/"', "/etc/a\nb")),
        *(
            ("ssh_host_keys", value)
            for value in ("x", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa !", "* ssh-rsa AAAA")
        ),
        *(("occ_path", value) for value in ("occ", "~/occ", "/var/www/a\nocc")),
        *(("php_path", value) for value in ("php", "~/php", "/usr/bin/php\n8.3")),
        *(("occ_command", value) for value in ("docker 'exec", "'' exec", "docker\nexec", "\x00")),
    ],
)
def test_what_cannot_be_used(parameter: str, value: str) -> None:
    """It is named, with what is possible; a form says the same."""
    with pytest.raises(ServerUnusable) as raised:
        CloudServer.of({**LEAST, parameter: value})
    assert (raised.value.parameter, raised.value.value) == (parameter, value.strip())
    assert raised.value.possible
    with pytest.raises(CloudParameterInvalid) as refused:
        Cloud.of(3, "Blue", "", {**FORM, parameter: value})
    assert refused.value.parameters["parameter"] == parameter


def test_a_key_of_another_type_than_it_says(host_keys: list[str]) -> None:
    """Of two lines the wrong one is told; one that is cut off is none."""
    _, encoded = host_keys[0].split(" ")
    for wrong in (f"ssh-rsa {encoded}", f"ssh-ed25519 {encoded[:20]}", f"@cert-authority * {host_keys[0]}"):
        with pytest.raises(ServerUnusable) as raised:
            CloudServer.of({**LEAST, "ssh_host_keys": f"{host_keys[1]}\n{wrong}"})
        assert raised.value.value == wrong


@pytest.mark.parametrize("parameter", ["occ_path", "php_path"])
def test_a_file_and_a_command(parameter: str) -> None:
    """Nobody could say which counts."""
    with pytest.raises(ServerUnusable, match=f"occ_command: possible is {parameter} / occ_command"):
        CloudServer.of({**LEAST, parameter: "/srv/file", "occ_command": "nextcloud.occ"})


def test_a_file_and_the_php_that_runs_it() -> None:
    """As they are, and back."""
    found = CloudServer.of({**LEAST, "occ_path": " /srv/occ ", "php_path": " /usr/bin/php8.3 "})
    assert (found.occ_path, found.php_path, found.occ_command) == ("/srv/occ", "/usr/bin/php8.3", ())
    assert CloudServer.of(found.params) == found


@pytest.mark.parametrize("parameter", ["ssh_host", "ssh_user", "ssh_key_file"])
@pytest.mark.parametrize("transport", ["occ", "auto"])
def test_what_is_missing(transport: str, parameter: str) -> None:
    """Is named; who goes by the API needs none of it, and what stands there hurts nobody."""
    form = {**FORM, "username": "admin", "transport": transport, parameter: " "}
    with pytest.raises(CloudParameterMissing) as raised:
        Cloud.of(3, "Blue", "secret", form)
    assert raised.value.parameters == {"cloud": "Blue", "parameter": parameter}
    for api in ("", "api"):
        assert Cloud.of(3, "Blue", "secret", {**form, "transport": api, "ssh_host": "-x"}).server is None


@pytest.mark.parametrize(("transport", "needed"), [("occ", False), ("auto", True), ("api", True)])
def test_who_logs_in(transport: str, needed: bool) -> None:
    """By occ alone no administrator is needed."""
    form = {**FORM, "transport": transport}
    if needed:
        with pytest.raises(CloudParameterMissing, match="username"):
            Cloud.of(3, "Blue", "", form)
    else:
        assert Cloud.of(3, "Blue", "", form).username == ""
    cloud = Cloud.of(3, "Blue", "", {**form, "username": "admin"})
    assert cloud.logs_in is needed
    assert Cloud.of(3, "Blue", "", cloud.params) == cloud


@pytest.mark.parametrize("host", ["cloud.example.com", "192.0.2.7", "2001:db8::1"])
@pytest.mark.parametrize("port", [22, 2222])
def test_known_hosts(tmp_path: Path, host_keys: list[str], host: str, port: int) -> None:
    """OpenSSH finds all keys under the name by which it asks for them."""
    server = CloudServer(host, port, "occ", Path("/etc/key"), tuple(host_keys))
    file = tmp_path / "known_hosts"
    file.write_text(server.known_hosts, encoding="utf-8")
    name = host if port == 22 else f"[{host}]:{port}"
    found = subprocess.run(["ssh-keygen", "-F", name, "-f", file], capture_output=True, text=True, check=True).stdout
    assert [line.partition(" ")[2] for line in found.splitlines() if not line.startswith("#")] == host_keys


def connection(run: Run, access: Access, private: Path) -> dict[str, Any]:
    """The variables of a run on this machine."""
    return _connection(run, access, PROJECT, private, private / "session.json")


def used_by_ssh(variables: dict[str, Any]) -> dict[str, str]:
    """What OpenSSH makes of the arguments, with those that Ansible adds."""
    command = ["ssh", "-G", *shlex.split(variables["ansible_ssh_args"]), "-o", f"Port={variables['ansible_port']}"]
    command += ["-o", f'User="{variables["ansible_user"]}"', variables["ansible_host"]]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(line.partition(" ")[::2] for line in printed.splitlines())


def test_what_ssh_makes_of_it(tmp_path: Path, host_keys: list[str]) -> None:
    """The key must be known, from the run's own file; nobody is asked; no agent, no other key, no other file."""
    private = tmp_path / "a directory"
    private.mkdir()
    server = CloudServer("cloud.example.com", 2222, "occ", Path("/etc/key"), tuple(host_keys), "/srv/occ", "/srv/php")
    access = Access("https://cloud", "", "", transport="occ", server=server)
    variables = connection(one_run(), access, private)
    used = used_by_ssh(variables)
    assert {
        "hostname": "cloud.example.com",
        "port": "2222",
        "user": "occ",
        "identityfile": "/etc/key",
        "identitiesonly": "yes",
        "identityagent": "none",
        "batchmode": "yes",
        "stricthostkeychecking": "true",
        "globalknownhostsfile": "none",
        "passwordauthentication": "no",
        "forwardagent": "no",
        "connecttimeout": "10",
        "serveraliveinterval": "10",
        "controlmaster": "auto",
        "controlpersist": "5",
    }.items() <= used.items()
    known = private / "known_hosts"
    assert used["userknownhostsfile"] == str(known)
    assert known.read_text("utf-8") == server.known_hosts
    assert known.stat().st_mode & 0o777 == 0o600
    assert used["controlpath"] == str(private / "ssh")
    assert (variables["ansible_connection"], variables["ansible_pipelining"]) == ("ssh", True)
    assert (variables["cloud_transport"], variables["cloud_occ_path"]) == ("occ", "/srv/occ")
    assert variables["cloud_php_path"] == "/srv/php"


def test_without_host_keys_those_that_ssh_knows_count(tmp_path: Path) -> None:
    """Its own files are used, and nothing is written."""
    access = Access("https://cloud", "", "", transport="auto", server=CloudServer.of(LEAST))
    used = used_by_ssh(connection(one_run(), access, tmp_path))
    assert used["stricthostkeychecking"] == "true"
    assert used["userknownhostsfile"].split()[0].endswith(".ssh/known_hosts")
    assert os.listdir(tmp_path) == []


def test_who_is_waited_for_connects_sooner(tmp_path: Path) -> None:
    """So that a person hears of a server that does not answer before the time is up."""
    access = Access("https://cloud", "", "", transport="occ", server=CloudServer.of(LEAST))
    used = used_by_ssh(connection(one_run(playbook="probe", timeout=7), access, tmp_path))
    assert used["connecttimeout"] == "3"


@pytest.mark.parametrize(
    ("socket", "shared"),
    [("/run/ssh", True), ("/run/%C", True), (f"/run/{'x' * 90}/ssh", False), (f"/run/{'x' * 50}/%C", False)],
)
def test_a_directory_too_deep_for_a_socket(socket: str, shared: bool) -> None:
    """Each execution logs in by itself then; ssh would refuse to do anything."""
    variables = CloudServer.of(LEAST).variables(project=PROJECT, known_hosts=None, socket=Path(socket))
    used = used_by_ssh(variables)
    assert (used.get("controlpath", "none") != "none") is shared
    assert (used["controlmaster"] == "auto") is shared


def test_by_the_api_nobody_goes_to_the_server(tmp_path: Path) -> None:
    """As ever."""
    variables = _connection(
        one_run(), Access("https://cloud", "admin", "secret"), PROJECT, tmp_path, tmp_path / "session.json"
    )
    assert (variables["ansible_connection"], variables["cloud_transport"]) == ("local", "api")
    assert not [name for name in variables if "ssh" in name or "occ" in name]
