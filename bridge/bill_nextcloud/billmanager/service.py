# SPDX-License-Identifier: GPL-3.0-or-later
"""What BILLmanager's database says of services and clouds, as records. Nothing of these is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, func, or_, select, text
from sqlalchemy.exc import SQLAlchemyError

from bill_nextcloud.billmanager import addon_rows
from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.addons import TRIAL, Addon, Measure, addons
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.errors import (
    BillmanagerUnavailable,
    CloudParameterMissing,
    ModuleUnknown,
    ServiceMoved,
    ServiceUnknown,
)
from bill_nextcloud.lock import cloud_address

MODULE_NAME = "pmnextcloud"
ACTIVE, SUSPENDED, DELETED, PROCESSING = 2, 3, 4, 5
STATUS_NAMES = {1: "ordered", ACTIVE: "active", SUSPENDED: "suspended", DELETED: "deleted"}
USERNAME, PASSWORD, URL = "username", "userpassword", "url"
# A password that was asked for and does not work yet.
NEW_PASSWORD = "newpassword"  # noqa: S105 - the parameter's name
# The e-mail address to which the cloud sends an invitation, where it makes up the password itself.
INVITED = "invited"
# When a closed service's account is deleted (ISO 8601, UTC); without it nothing is deleted later.
DELETE_AFTER = "delete_after"
QUOTA_PENDING = "quota_pending"
"""A parameter of services whose quota the cloud cannot take yet: their accounts have no storage before they log in."""
_COMMANDS = ("open", "setparam", "suspend", "resume", "close", "reopen", "prolong", "changepassword", "sync_item")
_REASONS = ("autosuspend", "employeesuspend", "abusesuspend")
_PAGE = 500
# Rows with a parent are addons of services.
_NO_ADDON = or_(t.item.c.parent.is_(None), t.item.c.parent == 0)
# MySQL's number of a deadlock, and how often a transaction is begun in spite of them.
_DEADLOCK, _BEGUN = 1213, 5


@dataclass(frozen=True)
class Tariff:
    """A row of ``pricelist`` with its parameters."""

    id: int
    name: str
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """A sold service. ``created`` is the text of ``item.createdate``, ``params`` the plain ones of ``itemparam``,
    ``last_tariff`` the tariff before a change that is not done yet, ``suspended`` whether there is a reason for that,
    also while the service is being processed."""

    id: int
    name: str
    item_type: str
    status: int
    created: str
    module: int | None
    tariff: Tariff
    client: dict[str, Any]
    addons: dict[str, Addon]
    params: dict[str, str]
    last_tariff: int | None = None
    suspended: bool = False

    @property
    def account(self) -> str | None:
        """The account name that is saved with this service, if any: claimed by us, or typed into the order."""
        return self.params.get(USERNAME) or None

    @property
    def confirmed(self) -> bool:
        """Whether the account was once seen as ours, on the cloud at :attr:`address`."""
        return bool(self.address)

    @property
    def invited(self) -> bool:
        """Whether the name was claimed for an account without a password that is known."""
        return bool(self.params.get(INVITED))

    @property
    def kept(self) -> bool:
        """Whether it was closed and its account is kept for a while (see ``retention``)."""
        return bool(self.params.get(DELETE_AFTER))

    @property
    def address(self) -> str | None:
        """The address of the cloud that has the account: saved only after the account was seen there as ours."""
        return self.params.get(URL) or None

    def require_at(self, cloud: Cloud) -> None:
        """Raise :class:`ServiceMoved` when the account was seen at another address: there the name is another's."""
        if self.address is not None and cloud_address(self.address) != cloud_address(cloud.url):
            raise ServiceMoved(service=self.id, account=self.account, address=self.address, cloud=cloud.name)

    def document(self, cloud: Cloud) -> dict[str, Any]:
        """The service as the mapping file sees it (see ``accounts.yml``); no secret in it."""
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "created": self.created,
            "client": self.client,
            "tariff": {"id": self.tariff.id, "name": self.tariff.name, "params": self.tariff.params},
            "addons": {
                name: {"value": addon.value, "unit": addon.unit, "bytes": addon.bytes}
                for name, addon in self.addons.items()
            },
            "params": self.params,
            "cloud": {"id": cloud.id, "name": cloud.name, "url": cloud.url},
        }


def _client(number: int | None, name: str | None) -> dict[str, Any]:
    return {"id": number, "name": name, "email": None, "realname": None}


def _said(error: SQLAlchemyError) -> tuple[Any, ...]:
    """What the driver has said: MySQL's number and words, or words."""
    return tuple(getattr(getattr(error, "orig", None), "args", ()))


def _unavailable(error: SQLAlchemyError) -> BillmanagerUnavailable:
    # Only the driver's own words: the whole text would hold the query's values.
    *_, words = "", *_said(error)
    return BillmanagerUnavailable(detail=f"database: {words or type(error).__name__}")


class Database:
    """Reads BILLmanager's database. Each method raises :class:`BillmanagerUnavailable` when it does not answer.

    ``calls``: the same over connections of its own, for new calls, while operations use all others.
    """

    def __init__(self, engine: Engine, key: CryptKey, calls: Database | None = None) -> None:
        self._engine = engine
        self._key = key
        self.calls = calls or self

    def rows(self, query: Select[Any]) -> Sequence[Any]:
        """The rows of ``query``, as mappings."""
        try:
            with self._engine.connect() as connection:
                return connection.execute(query).mappings().all()
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def service(self, number: int) -> Service:
        """One service. Raises :class:`ServiceUnknown`."""
        found = self._services(t.item.c.id == number)
        if not found:
            raise ServiceUnknown(service=number)
        return found[0]

    def services(self, numbers: Iterable[int]) -> dict[int, Service]:
        """Those services of ``numbers`` that there are, by number."""
        return {service.id: service for service in self._services(t.item.c.id.in_(sorted(set(numbers))))}

    def operation_runs(self, number: int, service: int, command: str) -> bool:
        """Whether BILLmanager still has this running operation of ``service``: its row goes when it has ended.

        Which columns the table has besides its number, and how it names commands, is not documented: an owner that is
        there must be the service, and a word that is known as another command is no match.
        """
        for row in self.rows(
            select(text("*")).select_from(t.runningoperation).where(t.runningoperation.c.id == number)
        ):
            owner, name = row.get("item"), row.get("intname")
            return owner in (None, service) and (name == command or name not in _COMMANDS)
        return False

    def operation_of(self, service: int, command: str) -> int | None:
        """The number of the running operation ``command`` of ``service``, for calls that do not name theirs.

        ``None``: there is none, or it cannot be told (which columns the table has is not documented).
        """
        rows = self.rows(select(text("*")).select_from(t.runningoperation))
        found = [row["id"] for row in rows if (row.get("item"), row.get("intname")) == (service, command)]
        return max(found, default=None)

    def count_of(self, module: int, statuses: Iterable[int]) -> int:
        """How many services of a processing module have one of ``statuses``."""
        mine = and_(t.item.c.processingmodule == module, t.item.c.status.in_(list(statuses)), _NO_ADDON)
        return int(self.rows(select(func.count().label("services")).select_from(t.item).where(mine))[0]["services"])

    def services_of(self, module: int, statuses: Iterable[int]) -> list[Service]:
        """All services of a processing module that have one of ``statuses``, by number."""
        return self._services(and_(t.item.c.processingmodule == module, t.item.c.status.in_(list(statuses))))

    def services_after(self, module: int, statuses: Iterable[int], after: int, most: int) -> list[Service]:
        """At most ``most`` services of a processing module that have one of ``statuses``, by number: those after number
        ``after``. For reading all of them without holding all."""
        mine = and_(t.item.c.processingmodule == module, t.item.c.status.in_(list(statuses)))
        while rows := self._rows_of(and_(mine, t.item.c.id > after), most):
            if services := self._of_rows(rows):
                return services
            after = rows[-1]["id"]
        return []

    def transaction(self, work: Callable[[Connection], None]) -> None:
        """Do ``work`` in one transaction, for the one table that modules write themselves (see ``statistics``): all of
        it is kept, or nothing when it raises. What a deadlock with another transaction undid is done again."""
        # Reads go without one (see ``connection``). The usual level of MySQL: with a lower one its log of statements,
        # where a server still has it, refuses every write.
        level: Any = "SERIALIZABLE" if self._engine.dialect.name == "sqlite" else "REPEATABLE READ"
        for begun in range(1, _BEGUN + 1):
            try:
                with self._engine.connect() as connection:
                    connection = connection.execution_options(isolation_level=level)
                    with connection.begin():
                        work(connection)
                return
            except SQLAlchemyError as error:
                if begun == _BEGUN or _DEADLOCK not in _said(error):
                    raise _unavailable(error) from error

    def _services(self, condition: Any) -> list[Service]:
        return self._of_rows(self._rows_of(condition))

    def _rows_of(self, condition: Any, most: int | None = None) -> Sequence[Any]:
        """The rows of services, at most ``most``, by number, with what their tariffs are called."""
        # Chosen before the tables are joined: else MariaDB joins and sorts all that follow, for each page.
        item = select(t.item).where(condition, _NO_ADDON).order_by(t.item.c.id).limit(most).subquery("item")
        return self.rows(
            select(
                item,
                t.pricelist.c.id.label("tariff"),
                t.pricelist.c.name.label("tariff_name"),
                t.itemtype.c.intname.label("item_type"),
            )
            .select_from(
                item.outerjoin(t.pricelist, t.pricelist.c.id == item.c.pricelist).outerjoin(
                    t.itemtype, t.itemtype.c.id == t.pricelist.c.itemtype
                )
            )
            .order_by(item.c.id)
        )

    def _of_rows(self, rows: Sequence[Any]) -> list[Service]:
        """The services of these rows, but for those whose tariff is gone."""
        rows = [row for row in rows if row["tariff"] is not None]
        measures = self.measures()
        services: list[Service] = []
        for start in range(0, len(rows), _PAGE):
            services += self._page(rows[start : start + _PAGE], measures)
        return services

    def _page(self, rows: Sequence[Any], measures: dict[int, Measure]) -> list[Service]:
        numbers = [row["id"] for row in rows]
        tariffs = {row["pricelist"] for row in rows}
        params = self._params(t.itemparam, t.itemparam.c.item, numbers)
        tariff_params = self._params(t.pricelistparam, t.pricelistparam.c.pricelist, tariffs)
        clients = self._clients({row["account"] for row in rows})
        sold: dict[int, list[Any]] = {}
        for row in self.rows(addon_rows.ordered(numbers)):
            sold.setdefault(row["service"], []).append(row)
        return [
            Service(
                id=row["id"],
                name=row["name"] or "",
                item_type=row["item_type"] or "",
                status=int(row["status"]),
                created=str(row["createdate"] or ""),
                module=row["processingmodule"],
                tariff=Tariff(row["pricelist"], row["tariff_name"] or "", tariff_params.get(row["pricelist"], {})),
                last_tariff=row["lastpricelist"] or None,
                client=clients.get(row["account"]) or _client(row["account"], None),
                addons=addons(sold.get(row["id"], []), measures, trial=row["period"] == TRIAL),
                params=params.get(row["id"], {}),
                suspended=any(row[reason] == "on" for reason in _REASONS),
            )
            for row in rows
        ]

    def _params(self, table: Any, owner: Any, numbers: Iterable[int]) -> dict[int, dict[str, str]]:
        query = select(owner.label("owner"), table.c.intname, table.c.value).where(owner.in_(list(numbers)))
        found: dict[int, dict[str, str]] = {}
        for row in self.rows(query):
            value = row["value"]
            # Typed into the form of a tariff.
            found.setdefault(row["owner"], {})[row["intname"]] = (
                value.strip() if value and table is t.pricelistparam else value
            )
        return found

    def _clients(self, accounts: Iterable[int]) -> dict[int, dict[str, Any]]:
        wanted = list(accounts)
        query = select(t.account.c.id, t.account.c.name).where(t.account.c.id.in_(wanted))
        found = {row["id"]: _client(row["id"], row["name"]) for row in self.rows(query)}
        users = (
            select(t.user.c.account, t.user.c.email, t.user.c.realname)
            .where(t.user.c.account.in_(wanted))
            .order_by(t.user.c.id.desc())
        )
        for row in self.rows(users):
            # The first user of an account is its owner: the lowest number is written last and stays.
            if row["account"] in found:
                found[row["account"]].update(email=row["email"], realname=row["realname"])
        return found

    def measures(self) -> dict[int, Measure]:
        """The units of addons, by number."""
        return {
            row["id"]: Measure(row["id"], row["intname"] or "", Decimal(str(row["relation"] or 1)), row["lessmeasure"])
            for row in self.rows(select(t.measure))
        }

    def tariffs_of(self, modules: Iterable[int], more: Iterable[int] = ()) -> list[Tariff]:
        """All tariffs that are sold on ``modules``, and those with the numbers ``more``, with their parameters."""
        links = t.processingmodule2pricelist
        sold = select(links.c.pricelist).where(links.c.processingmodule.in_(list(modules)))
        query = select(t.pricelist.c.id, t.pricelist.c.name).where(
            or_(t.pricelist.c.id.in_(sold), t.pricelist.c.id.in_(list(more)))
        )
        tariffs = [Tariff(row["id"], row["name"] or "") for row in self.rows(query)]
        params = self._params(t.pricelistparam, t.pricelistparam.c.pricelist, [tariff.id for tariff in tariffs])
        return [replace(tariff, params=params.get(tariff.id, {})) for tariff in tariffs]

    def modules_selling(self, tariff: int) -> dict[int, str]:
        """Number and name of each processing module, of whatever kind, on which ``tariff`` is sold."""
        links = t.processingmodule2pricelist
        query = (
            select(t.processingmodule.c.id, t.processingmodule.c.name)
            .select_from(t.processingmodule.join(links, links.c.processingmodule == t.processingmodule.c.id))
            .where(links.c.pricelist == tariff)
            .order_by(t.processingmodule.c.id)
        )
        return {row["id"]: row["name"] or f"module {row['id']}" for row in self.rows(query)}

    def clouds(self) -> list[tuple[int, str]]:
        """Number and name of each processing module of ours."""
        query = select(t.processingmodule.c.id, t.processingmodule.c.name).where(
            t.processingmodule.c.module == MODULE_NAME
        )
        return [(row["id"], row["name"] or "") for row in self.rows(query.order_by(t.processingmodule.c.id))]

    def cloud(self, module: int, *, secret: bool = True) -> Cloud:
        """One cloud. ``secret=False`` leaves the password empty and unread.

        Raises :class:`ModuleUnknown`, :class:`CloudParameterMissing`, :class:`CloudParameterInvalid`,
        ``CryptKeyUnusable``.
        """
        query = select(t.processingmodule.c.name, t.processingmodule.c.module).where(t.processingmodule.c.id == module)
        rows = self.rows(query)
        if not rows or rows[0]["module"] != MODULE_NAME:
            raise ModuleUnknown(module=module)
        name = rows[0]["name"] or f"module {module}"
        params = self._params(t.processingparam, t.processingparam.c.processingmodule, [module]).get(module, {})
        cloud = Cloud.of(module, name, "", params)
        if secret:
            crypted = self._params(t.processingcryptedparam, t.processingcryptedparam.c.processingmodule, [module]).get(
                module, {}
            )
            if crypted.get("password"):
                cloud = replace(cloud, password=self._key.open("password", crypted["password"]))
            elif cloud.logs_in:
                raise CloudParameterMissing(cloud=name, parameter="password")
        return cloud

    def opened(self, parameter: str, value: str) -> str:
        """``value``, encrypted as BILLmanager's parameters are, in clear. Raises ``CryptKeyUnusable``, which names
        ``parameter``."""
        return self._key.open(parameter, value)

    def with_encrypted(self, services: Iterable[int], name: str) -> set[int]:
        """Those of ``services`` that have the encrypted parameter ``name``, which is not opened."""
        wanted = list(services)
        found: set[int] = set()
        for start in range(0, len(wanted), _PAGE):
            saved = self._params(t.itemcryptedparam, t.itemcryptedparam.c.item, wanted[start : start + _PAGE])
            found.update(number for number, values in saved.items() if values.get(name))
        return found

    def passwords(self, services: Iterable[int], name: str = PASSWORD) -> dict[int, str]:
        """The saved account passwords of ``services`` (or the encrypted parameters ``name``), in clear; services
        without one are left out."""
        wanted = list(services)
        found: dict[int, str] = {}
        for start in range(0, len(wanted), _PAGE):
            page = wanted[start : start + _PAGE]
            saved = self._params(t.itemcryptedparam, t.itemcryptedparam.c.item, page)
            found |= {
                number: self._key.open(name, values[name]) for number, values in saved.items() if values.get(name)
            }
        return found
