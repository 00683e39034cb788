# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens what the settings name of BILLmanager: its command and its database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import BillmanagerRefused, BillmanagerUnavailable, SettingsInvalid
from bill_nextcloud.settings import BillmanagerSettings

# Each wait in the pool is short, however many operations are under way; and BILLmanager keeps its connections.
_POOL: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 4, "max_overflow": 0, "pool_timeout": 300}
_TIMEOUTS = {"connect_timeout": 10, "read_timeout": 60}
# MySQL's number of a wrong user or password.
_ACCESS_DENIED = 1045
_SOCKETS = ("/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock")


def mgrctl_of(settings: BillmanagerSettings) -> Mgrctl:
    """``mgrctl`` as the settings name it."""
    return Mgrctl(settings.program, settings.mgrctl_timeout)


def database_of(settings: BillmanagerSettings) -> Database:
    """The database and the key, whose places ``mgrctl paramlist`` tells (the database's can be set instead).

    Raises ``BillmanagerUnavailable``, ``BillmanagerRefused`` or :class:`SettingsInvalid`.
    """
    values = _paramlist(settings)
    key = CryptKey(settings.root / (values.get("CryptKey") or "etc/billmgr.pem"))
    return Database(_engine(settings, values), key, Database(_engine(settings, values), key))


def _paramlist(settings: BillmanagerSettings) -> dict[str, str]:
    listed = mgrctl_of(settings).call("paramlist", {})
    return {child.tag: (child.text or "") for elem in listed.iter("elem") for child in elem}


def _engine(settings: BillmanagerSettings, values: dict[str, str]) -> Engine:
    if not settings.database_url:
        engine = _opened(_address(values))
        event.listen(engine, "do_connect", _Connect(settings))
        return engine
    try:
        return _opened(make_url(settings.database_url))
    except (ArgumentError, ImportError, ValueError):
        # The address may hold a password: it is not shown, nor the error behind (an "@" in a password cuts it off).
        raise SettingsInvalid(file="billmanager.database_url", detail="not an SQLAlchemy address") from None


def _opened(address: URL) -> Engine:
    if address.get_driver_name() != "pymysql":
        return create_engine(address, **_POOL)
    # What the address itself says of these counts.
    options: dict[str, Any] = {name: seconds for name, seconds in _TIMEOUTS.items() if name not in address.query}
    if "unix_socket" in address.query:
        # It never leaves this machine; and to read all authorities of it takes longer than all the rest.
        options["ssl_disabled"] = True
    # Autocommit: each read sees what BILLmanager has written meanwhile.
    return create_engine(address, **_POOL, isolation_level="AUTOCOMMIT", connect_args=options)


class _Connect:
    """Connects; where the password is refused, after another look at ``paramlist``: BILLmanager may have a new one."""

    def __init__(self, settings: BillmanagerSettings) -> None:
        self._settings = settings
        self._changed: dict[str, Any] = {}

    def __call__(self, dialect: Dialect, _record: Any, arguments: tuple[Any, ...], parameters: dict[str, Any]) -> Any:
        parameters |= self._changed
        try:
            return dialect.connect(*arguments, **parameters)
        except dialect.loaded_dbapi.OperationalError as error:
            if error.args[0] != _ACCESS_DENIED:
                raise
            denied = error
        try:
            address = _address(_paramlist(self._settings))
        except BillmanagerRefused:
            raise denied from None
        self._changed = dict(dialect.create_connect_args(address)[1])
        return dialect.connect(*arguments, **(parameters | self._changed))


def _address(values: dict[str, str]) -> URL:
    if not values.get("DBName") or not values.get("DBUser"):
        raise BillmanagerUnavailable(detail="mgrctl paramlist names no database (DBName, DBUser)")
    host = values.get("DBHost") or "localhost"
    query: dict[str, str] = {"charset": "utf8mb4"}
    if host == "localhost":
        socket = values.get("DBSocket") or next((path for path in _SOCKETS if Path(path).exists()), "")
        if socket:
            query["unix_socket"] = socket
    return URL.create(
        "mysql+pymysql", values["DBUser"], values.get("DBPassword") or None, host, None, values["DBName"], query
    )
