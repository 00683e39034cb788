# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of BILLmanager that processing modules read, and their first rows.

Only tables and columns that published modules use are here. Their types are inferred (only names are published), and
hints to SQLite. Tables named `standin_*` belong to the stand-in itself: a module must not read them.
"""

from __future__ import annotations

from . import database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

TABLES = """
CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name varchar(255), parent INTEGER, account INTEGER, pricelist INTEGER,
    lastpricelist INTEGER, processingmodule INTEGER, period INTEGER, status INTEGER NOT NULL DEFAULT 0,
    remoteid varchar(255), currency INTEGER, cost decimal(15,4), price decimal(15,4), createdate datetime,
    opendate datetime, expiredate date, suspenddate datetime, autosuspend varchar(3), employeesuspend varchar(3),
    abusesuspend varchar(3), scheduledclose date, autoprolong INTEGER, intvalue bigint, boolvalue varchar(3),
    enumerationitem INTEGER, addonlimit bigint, addonmax bigint, addonbool varchar(3), addonmaxtrial bigint,
    addonlimittrial bigint);
CREATE INDEX item_parent ON item (parent);
CREATE TABLE itemparam (item INTEGER NOT NULL, intname varchar(128) NOT NULL, value text, PRIMARY KEY (item, intname));
CREATE TABLE itemcryptedparam (
    item INTEGER NOT NULL, intname varchar(128) NOT NULL, value text, PRIMARY KEY (item, intname));
CREATE TABLE itemtype (
    id INTEGER PRIMARY KEY, intname varchar(128) UNIQUE, name varchar(255), name_ru varchar(255),
    orderpriority INTEGER, closetype INTEGER);
CREATE TABLE processingmodule (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name varchar(255), module varchar(128), active varchar(3),
    orderpriority INTEGER, config text, department INTEGER, ipmgr INTEGER);
CREATE TABLE processingparam (
    processingmodule INTEGER NOT NULL, intname varchar(128) NOT NULL, value text,
    PRIMARY KEY (processingmodule, intname));
CREATE TABLE processingcryptedparam (
    processingmodule INTEGER NOT NULL, intname varchar(128) NOT NULL, value text,
    PRIMARY KEY (processingmodule, intname));
CREATE TABLE processingmodule2pricelist (processingmodule INTEGER NOT NULL, pricelist INTEGER NOT NULL);
CREATE TABLE pricelist (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name varchar(255), parent INTEGER, intname varchar(128), itemtype INTEGER,
    project INTEGER, active varchar(3), addontype INTEGER, billtype INTEGER, addonlimit bigint, addonmin bigint,
    addonmax bigint, addonstep bigint, addonbool varchar(3), addonmaxtrial bigint, measure INTEGER,
    enumeration INTEGER, enumerationitem INTEGER, compound INTEGER, manualprocessing varchar(3));
CREATE INDEX pricelist_parent ON pricelist (parent);
CREATE TABLE pricelistparam (
    pricelist INTEGER NOT NULL, intname varchar(128) NOT NULL, value text, PRIMARY KEY (pricelist, intname));
CREATE TABLE pricelistprice (id INTEGER PRIMARY KEY, pricelist INTEGER, currency INTEGER, price INTEGER);
CREATE TABLE price (
    id INTEGER PRIMARY KEY, setup decimal(15,4), monthly decimal(15,4), annually decimal(15,4), stat decimal(15,4));
CREATE TABLE measure (
    id INTEGER PRIMARY KEY, intname varchar(128) UNIQUE, relation decimal(15,4), lessmeasure INTEGER,
    name varchar(255), name_ru varchar(255));
CREATE TABLE enumerationitem (
    id INTEGER PRIMARY KEY AUTOINCREMENT, enumeration INTEGER, intname varchar(128), name varchar(255));
CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name varchar(255), parent INTEGER, country INTEGER,
    registration_date datetime);
CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER, name varchar(255), realname varchar(255),
    email varchar(255), phone varchar(64), level INTEGER);
CREATE INDEX user_account ON user (account);
CREATE TABLE runningoperation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, item INTEGER NOT NULL, intname varchar(64) NOT NULL,
    trycount INTEGER NOT NULL DEFAULT 0, manual varchar(3) NOT NULL DEFAULT 'off', errorxml text,
    cdate datetime NOT NULL, processingmodule INTEGER);
CREATE UNIQUE INDEX runningoperation_once ON runningoperation (item, intname);
CREATE TABLE task (
    id INTEGER PRIMARY KEY AUTOINCREMENT, type varchar(64), item INTEGER, runningoperation INTEGER,
    department INTEGER, status INTEGER NOT NULL DEFAULT 0, cdate datetime NOT NULL, params text);
CREATE TABLE itemstat (
    item INTEGER NOT NULL, statdate date NOT NULL, param varchar(128) NOT NULL, value decimal(20,4), measure INTEGER,
    PRIMARY KEY (item, statdate, param));
CREATE TABLE project (id INTEGER PRIMARY KEY, name varchar(255), billurl varchar(255), active varchar(3));
CREATE TABLE locale (id INTEGER PRIMARY KEY, langcode varchar(8));
CREATE TABLE ip (id INTEGER PRIMARY KEY, name varchar(64), item INTEGER, status INTEGER);
CREATE TABLE country (id INTEGER PRIMARY KEY, iso2 varchar(2));

CREATE TABLE standin_operation (
    id INTEGER PRIMARY KEY, item INTEGER NOT NULL, intname varchar(64) NOT NULL, cdate datetime NOT NULL,
    previous_status INTEGER NOT NULL, userid INTEGER, password text, rollback text, ended datetime,
    ended_by varchar(64));
CREATE TABLE standin_problem (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name varchar(128), object varchar(64), level varchar(64), params text,
    cdate datetime);
CREATE TABLE standin_clock (seconds INTEGER NOT NULL);
INSERT INTO standin_clock VALUES (0);
CREATE TABLE standin_poststat (
    id INTEGER PRIMARY KEY AUTOINCREMENT, processingmodule INTEGER NOT NULL, date date NOT NULL,
    cdate datetime NOT NULL);
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
    """Makes the tables in the database of `path` (see database.py), with units, item types, a project, languages and
    countries."""
    database.create(path, TABLES)
    with database.transaction(path) as connection:
        for measure in MEASURES:
            connection.execute("INSERT INTO measure VALUES (?, ?, ?, ?, ?, ?)", measure)
        for type_ in ITEM_TYPES:
            connection.execute("INSERT INTO itemtype (id, intname, name, name_ru) VALUES (?, ?, ?, ?)", type_)
        connection.execute("INSERT INTO project VALUES (1, 'Provider', 'https://panel.example/billmgr', 'on')")
        connection.execute("INSERT INTO locale VALUES (1, 'en'), (2, 'ru')")
        connection.execute("INSERT INTO country VALUES (1, 'RU'), (2, 'KZ')")
