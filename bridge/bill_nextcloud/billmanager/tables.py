# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables and columns of BILLmanager's database that are read; all writing goes through ``mgrctl``, but for the rows
of ``itemstat``, which modules write themselves.

Source: BILLmanager's database structure page and the vendor's published modules; only columns seen in use are named.
"""

from __future__ import annotations

from sqlalchemy import TableClause, column, table


def _table(name: str, *columns: str) -> TableClause:
    return table(name, *map(column, columns))


item = _table(
    "item",
    "id",
    "name",
    "parent",
    "account",
    "pricelist",
    "lastpricelist",
    "processingmodule",
    "period",
    "status",
    "createdate",
    "autosuspend",
    "employeesuspend",
    "abusesuspend",
    "intvalue",
    "enumerationitem",
    "addonlimit",
    "addonmax",
)
itemparam = _table("itemparam", "item", "intname", "value")
itemcryptedparam = _table("itemcryptedparam", "item", "intname", "value")
itemtype = _table("itemtype", "id", "intname")
processingmodule = _table("processingmodule", "id", "name", "module", "active", "orderpriority", "config", "department")
task = _table("task", "runningoperation", "status")
processingparam = _table("processingparam", "processingmodule", "intname", "value")
processingcryptedparam = _table("processingcryptedparam", "processingmodule", "intname", "value")
processingmodule2pricelist = _table("processingmodule2pricelist", "processingmodule", "pricelist")
pricelist = _table(
    "pricelist",
    "id",
    "name",
    "parent",
    "intname",
    "itemtype",
    "active",
    "addontype",
    "billtype",
    "addonlimit",
    "addonmax",
    "addonmaxtrial",
    "measure",
    "enumerationitem",
    "compound",
)
runningoperation = _table("runningoperation", "id")
pricelistparam = _table("pricelistparam", "pricelist", "intname", "value")
measure = _table("measure", "id", "intname", "relation", "lessmeasure")
enumerationitem = _table("enumerationitem", "id", "intname")
account = _table("account", "id", "name", "parent")
itemstat = _table("itemstat", "item", "statdate", "param", "value", "measure")
user = _table("user", "id", "account", "realname", "email")
