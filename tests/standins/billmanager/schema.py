# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of BILLmanager that processing modules read, in SQLite, and their first rows.

Only tables and columns that published modules use are here. Tables named `standin_*` belong to the stand-in itself: a
module must not read them. Dates are text, `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

TABLES = """
CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, parent INTEGER, account INTEGER, pricelist INTEGER,
    lastpricelist INTEGER, processingmodule INTEGER, period INTEGER, status INTEGER NOT NULL DEFAULT 0, remoteid TEXT,
    currency INTEGER, cost NUMERIC, price NUMERIC, createdate TEXT, opendate TEXT, expiredate TEXT, suspenddate TEXT,
    autosuspend TEXT, employeesuspend TEXT, abusesuspend TEXT, scheduledclose TEXT, autoprolong INTEGER,
    intvalue INTEGER, boolvalue TEXT, enumerationitem INTEGER, addonlimit INTEGER, addonmax INTEGER, addonbool TEXT,
    addonmaxtrial INTEGER, addonlimittrial INTEGER);
CREATE INDEX item_parent ON item (parent);
CREATE TABLE itemparam (item INTEGER NOT NULL, intname TEXT NOT NULL, value TEXT, PRIMARY KEY (item, intname));
CREATE TABLE itemcryptedparam (item INTEGER NOT NULL, intname TEXT NOT NULL, value TEXT, PRIMARY KEY (item, intname));
CREATE TABLE itemtype (
    id INTEGER PRIMARY KEY, intname TEXT UNIQUE, name TEXT, name_ru TEXT, orderpriority INTEGER, closetype INTEGER);
CREATE TABLE processingmodule (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, module TEXT, active TEXT, orderpriority INTEGER, config TEXT,
    department INTEGER, ipmgr INTEGER);
CREATE TABLE processingparam (
    processingmodule INTEGER NOT NULL, intname TEXT NOT NULL, value TEXT, PRIMARY KEY (processingmodule, intname));
CREATE TABLE processingcryptedparam (
    processingmodule INTEGER NOT NULL, intname TEXT NOT NULL, value TEXT, PRIMARY KEY (processingmodule, intname));
CREATE TABLE processingmodule2pricelist (processingmodule INTEGER NOT NULL, pricelist INTEGER NOT NULL);
CREATE TABLE pricelist (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, parent INTEGER, intname TEXT, itemtype INTEGER, project INTEGER,
    active TEXT, addontype INTEGER, billtype INTEGER, addonlimit INTEGER, addonmin INTEGER, addonmax INTEGER,
    addonstep INTEGER, addonbool TEXT, addonmaxtrial INTEGER, measure INTEGER, enumeration INTEGER,
    enumerationitem INTEGER, compound INTEGER, manualprocessing TEXT);
CREATE INDEX pricelist_parent ON pricelist (parent);
CREATE TABLE pricelistparam (
    pricelist INTEGER NOT NULL, intname TEXT NOT NULL, value TEXT, PRIMARY KEY (pricelist, intname));
CREATE TABLE pricelistprice (id INTEGER PRIMARY KEY, pricelist INTEGER, currency INTEGER, price INTEGER);
CREATE TABLE price (id INTEGER PRIMARY KEY, setup NUMERIC, monthly NUMERIC, annually NUMERIC, stat NUMERIC);
CREATE TABLE measure (
    id INTEGER PRIMARY KEY, intname TEXT UNIQUE, relation INTEGER, lessmeasure INTEGER, name TEXT, name_ru TEXT);
CREATE TABLE enumerationitem (
    id INTEGER PRIMARY KEY AUTOINCREMENT, enumeration INTEGER, intname TEXT, name TEXT);
CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, parent INTEGER, country INTEGER, registration_date TEXT);
CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER, name TEXT, realname TEXT, email TEXT, phone TEXT,
    level INTEGER);
CREATE TABLE runningoperation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, item INTEGER NOT NULL, intname TEXT NOT NULL,
    trycount INTEGER NOT NULL DEFAULT 0, manual TEXT NOT NULL DEFAULT 'off', errorxml TEXT, cdate TEXT NOT NULL,
    processingmodule INTEGER);
CREATE UNIQUE INDEX runningoperation_once ON runningoperation (item, intname);
CREATE TABLE task (
    id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT, item INTEGER, runningoperation INTEGER, department INTEGER,
    status INTEGER NOT NULL DEFAULT 0, cdate TEXT NOT NULL, params TEXT);
CREATE TABLE itemstat (
    item INTEGER NOT NULL, statdate TEXT NOT NULL, param TEXT NOT NULL, value NUMERIC, measure INTEGER,
    PRIMARY KEY (item, statdate, param));
CREATE TABLE project (id INTEGER PRIMARY KEY, name TEXT, billurl TEXT, active TEXT);
CREATE TABLE locale (id INTEGER PRIMARY KEY, langcode TEXT);
CREATE TABLE ip (id INTEGER PRIMARY KEY, name TEXT, item INTEGER, status INTEGER);
CREATE TABLE country (id INTEGER PRIMARY KEY, iso2 TEXT);

CREATE TABLE standin_operation (
    id INTEGER PRIMARY KEY, item INTEGER NOT NULL, intname TEXT NOT NULL, cdate TEXT NOT NULL,
    previous_status INTEGER NOT NULL, userid INTEGER, password TEXT, rollback TEXT, ended TEXT, ended_by TEXT);
CREATE TABLE standin_problem (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, object TEXT, level TEXT, params TEXT, cdate TEXT);
CREATE TABLE standin_clock (seconds INTEGER NOT NULL);
INSERT INTO standin_clock VALUES (0);
CREATE TABLE standin_poststat (processingmodule INTEGER NOT NULL, date TEXT NOT NULL, cdate TEXT NOT NULL);
"""

MEASURES = [
    # id, intname, relation (how many of the next smaller unit), lessmeasure (that unit), name, name_ru
    (1, "byte", 1, None, "B", "Б"),
    (2, "kib", 1024, 1, "KiB", "КиБ"),
    (3, "mib", 1024, 2, "MiB", "МиБ"),
    (4, "gib", 1024, 3, "GiB", "ГиБ"),
    (5, "tib", 1024, 4, "TiB", "ТиБ"),
]
ITEM_TYPES = [
    (1, "backupservice", "Cloud storage", "Облачное хранилище"),
    (2, "softexternal", "External software", "Стороннее ПО"),
    (3, "vhost", "Shared hosting", "Виртуальный хостинг"),
    (4, "disk", "Disk space", "Диск"),
    (5, "disc", "Disk space", "Диск"),
]
"""id, intname, name, name_ru. Addons have item types too, and their key may come from there."""

DEPARTMENT = 1
"""The department that gets the tasks of a cloud, unless the cloud names another."""


def create_tables(path: Path) -> None:
    """Makes the database at `path`, with units, item types, a project, two languages and two countries."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")  # readers never wait for a writer, as with InnoDB
        connection.executescript(TABLES)
        connection.executemany("INSERT INTO measure VALUES (?, ?, ?, ?, ?, ?)", MEASURES)
        connection.executemany("INSERT INTO itemtype (id, intname, name, name_ru) VALUES (?, ?, ?, ?)", ITEM_TYPES)
        connection.execute("INSERT INTO project VALUES (1, 'Provider', 'https://panel.example/billmgr', 'on')")
        connection.executemany("INSERT INTO locale VALUES (?, ?)", [(1, "en"), (2, "ru")])
        connection.executemany("INSERT INTO country VALUES (?, ?)", [(1, "RU"), (2, "KZ")])
        connection.commit()
    finally:
        connection.close()
