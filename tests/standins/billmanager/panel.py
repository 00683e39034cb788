# SPDX-License-Identifier: GPL-3.0-or-later
"""`Panel`: what providers and customers do in BILLmanager, as methods for tests and the demonstration."""

from __future__ import annotations

import json
import shutil
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import crypt, operations, sales
from .calling import call_module
from .database import reading, transaction
from .errors import OperationNotEnded, PanelError
from .features import check_features
from .layout import Layout, lay_out
from .run import Run
from .schema import DEPARTMENT
from .shown import MODULE, Shown
from .trouble import Trouble

TIMEOUT = 120.0


class Panel(Shown, Trouble):
    """One BILLmanager below `root`. It keeps nothing in memory: several may work on one tree, also in processes.

    All ids are those of BILLmanager's tables. Methods raise `PanelError` when the panel would refuse.
    """

    def __init__(self, root: Path | str) -> None:
        """Opens a tree that `create` made."""
        self.layout = Layout(Path(root).resolve())
        if not self.layout.database.exists():
            raise PanelError("no_panel", f"{root} is no tree of this stand-in")

    @classmethod
    def create(cls, root: Path | str, mariadb: Path | None = None) -> Panel:
        """Lays out a new tree in an empty or absent folder.

        `mariadb`: the option file of the administrator of a MariaDB, which gets a database for the tables, with a user
        of its own; without it they are in an SQLite file.
        """
        lay_out(Path(root), mariadb)
        return cls(root)

    @property
    def root(self) -> Path:
        """The tree, /usr/local/mgr5 on a panel host."""
        return self.layout.root

    @property
    def database_url(self) -> str:
        """Where to read the tables, as SQLAlchemy wants it; "" for a MariaDB, which `paramlist` tells."""
        return f"sqlite:///{self.layout.database}" if self.layout.database.suffix == ".sqlite" else ""

    # The provider

    def install_module(
        self,
        executable: Path | str,
        descriptor: Path | str,
        configuration: Mapping[str, Any] | str | None = None,
        *,
        copy: bool = False,
    ) -> None:
        """Puts the module in place, as a symlink unless `copy`, and asks its `features`.

        `configuration` becomes etc/pmnextcloud.conf (mode 0600): text as it is, a mapping as JSON.
        `PanelError` descriptor or features when BILLmanager could not work with the module.
        """
        target = self.layout.module(MODULE)
        target.unlink(missing_ok=True)
        if copy:
            shutil.copy2(executable, target)
        else:
            target.symlink_to(Path(executable).resolve())
        shutil.copyfile(descriptor, self.layout.descriptor(MODULE))
        if configuration is not None:
            text = configuration if isinstance(configuration, str) else json.dumps(configuration, indent=2) + "\n"
            path = self.layout.configuration(MODULE)
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        self.restart()
        self.features()

    def restart(self) -> None:
        """Restarts the panel, as `mgrctl -R` does: modules are asked for their features again."""
        self.layout.features.unlink(missing_ok=True)

    def features(self) -> ET.Element:
        """The module's answer to `features`, asked once per start of the panel."""
        if not self.layout.features.exists():
            output = self.call("features")
            with reading(self.layout.database) as connection:
                types = {row["intname"] for row in connection.execute("SELECT intname FROM itemtype")}
            check_features(output, self._descriptor(), types)
            self.layout.features.write_text(output.stdout.strip(), encoding="utf-8")
        return ET.fromstring(self.layout.features.read_text(encoding="utf-8"))

    def add_cloud(
        self, name: str, params: Mapping[str, str], crypted: Mapping[str, str], *, department: int = DEPARTMENT
    ) -> int:
        """A connection of the module (row of processingmodule): `params` in clear, `crypted` stored encrypted.

        `department`: who gets its tasks.
        """
        encrypted = {key: crypt.encrypt(self.layout.key, value) for key, value in crypted.items()}
        with transaction(self.layout.database) as connection:
            return sales.add_cloud(connection, name, MODULE, params, encrypted, department)

    def set_cloud_secret(self, cloud: int, name: str, value: str) -> None:
        """The connection form is saved with another value of the encrypted parameter `name`."""
        with transaction(self.layout.database) as connection:
            connection.execute(
                "UPDATE processingcryptedparam SET value = ? WHERE processingmodule = ? AND intname = ?",
                (crypt.encrypt(self.layout.key, value), cloud, name),
            )

    def add_tariff(
        self,
        name: str,
        cloud: int,
        disk: tuple[int, str] | None = (10, "gib"),
        params: Mapping[str, str] | None = None,
        *,
        item_type: str = "backupservice",
        disk_intname: str = "disk",
        disk_trial_maximum: int | None = None,
        disk_choices: Sequence[str] | None = None,
    ) -> int:
        """A tariff (row of pricelist) with a disk addon.

        `disk`: how much is included, in byte, kib, mib, gib or tib; None for no disk addon. `disk_choices` makes the
        addon an enumeration of these numbers. `disk_trial_maximum`: the most that a trial gets. `params` go to
        pricelistparam.
        """
        with transaction(self.layout.database) as connection:
            tariff = sales.add_tariff(connection, name, cloud, item_type, params or {})
            if disk is not None:
                included, unit = disk
                sales.add_addon(connection, tariff, disk_intname, included, unit, disk_trial_maximum, disk_choices)
            return tariff

    def add_client(self, name: str, email: str) -> int:
        """An account with one user of that e-mail; returns the account's id."""
        with transaction(self.layout.database) as connection:
            return sales.add_client(connection, name, email)

    # The customer. All but `order` return the id of the operation.

    def order(
        self,
        tariff: int,
        client: int,
        extra_disk: int = 0,
        *,
        disk_choice: str | None = None,
        disk_intname: str = "disk",
        name: str | None = None,
        months: int = 1,
        trial: bool = False,
    ) -> int:
        """A paid order: returns the service, which has status 5 and the operation `open`.

        `extra_disk`: how much more than is included, in the addon's unit; `disk_choice` for an enumeration.
        """
        with transaction(self.layout.database) as connection:
            service = sales.add_service(connection, tariff, client, name, operations.TRIAL if trial else months)
            if disk_choice is not None or extra_disk:
                sales.set_addon(connection, service, disk_intname, disk_choice or extra_disk)
            operations.begin(connection, service, "open")
            return service

    def assign(self, service: int, client: int) -> None:
        """Give an imported service to a client."""
        with transaction(self.layout.database) as connection:
            sales.assign(connection, service, client)

    def order_again(self, service: int) -> int:
        """The customer of a deleted service pays for it again: operation `open`, the service keeps its parameters."""
        with transaction(self.layout.database) as connection:
            operation = operations.begin(connection, service, "open")
            operations.clear_suspension(connection, service)
            return operation

    def change_tariff(
        self,
        service: int,
        tariff: int | None = None,
        *,
        extra_disk: int | str | None = None,
        disk_intname: str = "disk",
    ) -> int:
        """Another tariff, another amount (or choice) of the disk addon, or both: operation `setparam`."""
        with transaction(self.layout.database) as connection:
            row = operations.get_service(connection, service)
            ordered = connection.execute("SELECT * FROM item WHERE parent = ?", (service,)).fetchall()
            rollback = {"pricelist": row["pricelist"], "addons": [dict(addon) for addon in ordered]}
            operation = operations.begin(
                connection, service, "setparam", userid=sales.user_of(connection, service), rollback=rollback
            )
            if tariff is not None and tariff != row["pricelist"]:
                sales.change_tariff(connection, service, tariff)
            if extra_disk is not None:
                sales.set_addon(connection, service, disk_intname, extra_disk)
            return operation

    def suspend(self, service: int, reason: str = "auto") -> int:
        """Suspends for a reason: auto (not paid), employee, abuse."""
        if reason not in operations.REASONS:
            raise PanelError("value", f"unknown reason {reason!r}")
        with transaction(self.layout.database) as connection:
            operation = operations.begin(connection, service, "suspend")
            connection.execute(
                f"UPDATE item SET {reason}suspend = 'on', suspenddate = ? WHERE id = ?",
                (operations.now(connection), service),
            )
            return operation

    def resume(self, service: int) -> int:
        """Ends a suspension; the reasons are cleared when the operation ends."""
        return self._begin(service, "resume")

    def close(self, service: int) -> int:
        """Deletes a service; also one that is being processed, for instance one whose opening fails."""
        return self._begin(service, "close")

    def reopen(self, service: int) -> int:
        """Takes a deleted service back; no reason to suspend it is left when the operation ends."""
        return self._begin(service, "reopen")

    def prolong(self, service: int, months: int = 1) -> int:
        """Paid for longer: expiredate is moved at once, then the module is told."""
        with transaction(self.layout.database) as connection:
            operation = operations.begin(connection, service, "prolong")
            row = operations.get_service(connection, service)
            date = operations.months_later(row["expiredate"] or operations.now(connection), months)
            connection.execute("UPDATE item SET expiredate = ? WHERE id = ?", (date, service))
            return operation

    def change_password(self, service: int, password: str) -> int:
        """The customer wants another password; the module gets it encrypted in its arguments."""
        encrypted = crypt.encrypt(self.layout.key, password)
        with transaction(self.layout.database) as connection:
            userid = sales.user_of(connection, service)
            return operations.begin(connection, service, "changepassword", userid=userid, password=encrypted)

    # Running the module

    def run(
        self,
        service: int,
        operation: int | None = None,
        *,
        userid: int | None = None,
        extra: Sequence[str] = (),
        timeout: float = TIMEOUT,
    ) -> Run:
        """Executes the module for the service's oldest running operation, or for `operation`, ended ones too (a doubled
        call). `extra`: further arguments. After `timeout` seconds the module and its process group are killed.

        A failed run counts an attempt and leaves the operation.
        """
        with reading(self.layout.database) as connection:
            row = connection.execute(
                "SELECT * FROM standin_operation WHERE item = ? AND (id = ? OR (? IS NULL AND ended IS NULL))"
                " ORDER BY id LIMIT 1",
                (service, operation, operation),
            ).fetchone()
        if row is None:
            raise PanelError("no_operation", f"service {service} has no operation {operation or 'running'}")
        arguments = ["--item", str(service)]
        if row["intname"] == "changepassword":
            arguments += ["--password", row["password"]]
        else:
            arguments += ["--runningoperation", str(row["id"])]
        if userid or row["userid"]:
            arguments += ["--userid", str(userid or row["userid"])]
        self.features()
        return call_module(
            self.layout,
            MODULE,
            row["intname"],
            [*arguments, *extra],
            timeout=timeout,
            item=service,
            operation=row["id"],
        )

    def run_pending(self, parallel: int = 1, timeout: float = TIMEOUT) -> list[Run]:
        """What BILLmanager's own repetition does: one run of each running operation that is not set to manual."""
        with reading(self.layout.database) as connection:
            pending = connection.execute(
                "SELECT item, id FROM runningoperation WHERE manual = 'off' ORDER BY id"
            ).fetchall()
        with ThreadPoolExecutor(max_workers=parallel) as pool:
            return list(pool.map(lambda row: self.run(row["item"], row["id"], timeout=timeout), pending))

    def check_connection(self, cloud: int, timeout: float = TIMEOUT) -> Run:
        """The button of the connection form: the module gets all parameters in clear, and the id, on stdin."""
        document = ET.Element("doc")
        module = ET.SubElement(document, "processingmodule")
        for name, value in {**self.cloud_params(cloud), "id": str(cloud)}.items():
            ET.SubElement(module, name).text = value
        return self.call("check_connection", stdin=ET.tostring(document, encoding="unicode"), timeout=timeout)

    def sync_item(self, service: int, timeout: float = TIMEOUT) -> Run:
        """The button that makes the module look after one service."""
        with reading(self.layout.database) as connection:
            operations.get_service(connection, service)
        return call_module(self.layout, MODULE, "sync_item", ["--item", str(service)], timeout=timeout, item=service)

    def call(
        self,
        command: str,
        arguments: Sequence[str] = (),
        *,
        stdin: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Run:
        """Any command that belongs to no operation, for instance `call("stat", ["--module", "3"])`."""
        return call_module(self.layout, MODULE, command, arguments, stdin=stdin, timeout=timeout)

    def wait(self, operation: int, timeout: float = 30.0, *, or_error: bool = False) -> dict[str, Any]:
        """Waits until an operation has ended (with `or_error`: or holds an error) and returns it as `operation` does.

        `OperationNotEnded` after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            found = self.operation(operation)
            if found["ended"] or (or_error and found["errorxml"]):
                return found
            if time.monotonic() > deadline:
                raise OperationNotEnded("not_ended", f"operation {operation} still runs after {timeout} s")
            time.sleep(0.05)

    # Inside

    def _begin(self, service: int, command: str) -> int:
        with transaction(self.layout.database) as connection:
            return operations.begin(connection, service, command)
