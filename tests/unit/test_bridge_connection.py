# SPDX-License-Identifier: GPL-3.0-or-later
"""Where BILLmanager's database and key are: as the settings say, or else `mgrctl paramlist`."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pymysql
import pytest
from bill_nextcloud.billmanager.connection import database_of
from bill_nextcloud.errors import BillmanagerUnavailable, SettingsInvalid
from bill_nextcloud.settings import BillmanagerSettings
from standins.billmanager import Panel

PASSWORD = "admin-p4ssword"
CLOUD = 1
"""The number of the first processing module."""


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    """A panel with one cloud."""
    made = Panel.create(tmp_path_factory.mktemp("panel") / "mgr5")
    made.add_cloud("Blue", {"url": "https://blue.example", "username": "admin"}, {"password": PASSWORD})
    return made


def settings_of(panel: Panel, **changes: Any) -> BillmanagerSettings:
    """Settings for ``panel``."""
    return BillmanagerSettings(root=panel.root, **{"database_url": panel.database_url, **changes})


def test_mgrctl_tells_where_the_key_is(panel: Panel) -> None:
    """A key in another place than the usual one is found through paramlist."""
    assert database_of(settings_of(panel)).cloud(CLOUD).password == PASSWORD


@pytest.mark.parametrize(
    "url",
    [
        f"{PASSWORD}",
        f"nosuch://bill:{PASSWORD}@db/billmgr",
        f"mysql+pymysql://bill:pa@{PASSWORD}:{PASSWORD}@db/billmgr",
        f"mysql+pymysql://bill:{PASSWORD}@db:port/billmgr",
    ],
)
def test_an_address_that_is_none(panel: Panel, url: str) -> None:
    """The setting is named; no part of the address is in the error or in those behind it."""
    with pytest.raises(SettingsInvalid) as raised:
        database_of(settings_of(panel, database_url=url))
    assert raised.value.parameters["file"] == "billmanager.database_url"
    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


def paramlist(directory: Path, **values: str) -> BillmanagerSettings:
    """Settings with a mgrctl that answers ``paramlist`` with ``values``."""
    program = directory / "mgrctl"
    elements = "".join(f"<elem><{name}>{value}</{name}></elem>" for name, value in values.items())
    program.write_text(f"#!/bin/sh\necho '<doc>{elements}</doc>'\n")
    program.chmod(0o755)
    return BillmanagerSettings(root=directory, mgrctl=program)


def test_mgrctl_tells_the_database(tmp_path: Path) -> None:
    """Host, name, user and password are those of paramlist; a remote server has no socket."""
    names = {"DBHost": "127.0.0.1", "DBName": "bill5", "DBUser": "bill", "DBSocket": "/run/my.sock"}
    settings = paramlist(tmp_path, **names, DBPassword=PASSWORD)
    url = database_of(settings)._engine.url
    assert (url.drivername, url.host, url.database, url.username, url.password) == (
        "mysql+pymysql", "127.0.0.1", "bill5", "bill", PASSWORD
    )  # fmt: skip
    assert dict(url.query) == {"charset": "utf8mb4"}


@pytest.mark.parametrize("host", [{}, {"DBHost": "localhost"}, {"DBHost": ""}])
def test_a_local_database_is_reached_by_its_socket(tmp_path: Path, host: dict[str, str]) -> None:
    """No host means this machine, and its socket is the one that BILLmanager names."""
    settings = paramlist(tmp_path, DBName="bill5", DBUser="bill", DBSocket="/run/my.sock", **host)
    url = database_of(settings)._engine.url
    assert url.host == "localhost"
    assert url.query["unix_socket"] == "/run/my.sock"


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (None, {"connect_timeout": 10, "read_timeout": 60}),
        ("mysql+pymysql://bill@127.0.0.1/bill5", {"connect_timeout": 10, "read_timeout": 60}),
        ("mysql+pymysql://bill@127.0.0.1/bill5?read_timeout=5", {"connect_timeout": 10, "read_timeout": 5}),
        (
            "mysql+pymysql://bill@localhost/bill5?unix_socket=/run/my.sock",
            {"connect_timeout": 10, "read_timeout": 60, "ssl_disabled": True},
        ),
    ],
)
def test_nobody_waits_for_a_database_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str | None, options: dict[str, int]
) -> None:
    """Whether paramlist or the settings name it; an address may have its own limits. Only a socket of this
    machine needs no encryption."""
    settings = paramlist(tmp_path, DBHost="127.0.0.1", DBName="bill5", DBUser="bill")
    database = database_of(settings.model_copy(update={"database_url": url}))
    found: dict[str, Any] = {}

    def connect(**parameters: Any) -> None:
        found.update(parameters)
        raise pymysql.OperationalError(2003, "refused by the test")

    monkeypatch.setattr(pymysql, "connect", connect)
    with pytest.raises(BillmanagerUnavailable, match="database: refused by the test"):
        database.clouds()
    assert {name: found[name] for name in options} == options
    assert ("ssl_disabled" in found) == ("unix_socket" in found)


@pytest.mark.parametrize("values", [{"DBUser": "bill"}, {"DBName": "bill5"}, {"DBName": "", "DBUser": ""}])
def test_a_paramlist_without_a_database(tmp_path: Path, values: dict[str, str]) -> None:
    """No name is guessed: defaults differ."""
    with pytest.raises(BillmanagerUnavailable):
        database_of(paramlist(tmp_path, **values))


def test_the_usual_key_is_used_when_none_is_named(tmp_path: Path, panel: Panel) -> None:
    """etc/billmgr.pem below BILLmanager's directory; another one where CryptKey says so."""
    for name, values in (("etc/billmgr.pem", {}), ("etc/own.pem", {"CryptKey": "etc/own.pem"})):
        directory = tmp_path / name.replace("/", "-")
        (directory / "etc").mkdir(parents=True)
        (directory / name).write_bytes(panel.layout.key.read_bytes())
        settings = paramlist(directory, **values).model_copy(update={"database_url": panel.database_url})
        assert database_of(settings).cloud(CLOUD).password == PASSWORD
