# SPDX-License-Identifier: GPL-3.0-or-later
"""What a panel shows and what its logs hold: the reading half of `Panel`."""

from __future__ import annotations

from typing import Any

from . import crypt, sales, views
from .database import reading
from .descriptor import Descriptor
from .errors import NoCredentials
from .layout import Layout
from .lines import read_lines

MODULE = "pmnextcloud"


class Shown:
    """The panel of the tree `layout`, to look at."""

    layout: Layout

    def service(self, service: int) -> dict[str, Any]:
        """See `views.service`."""
        with reading(self.layout.database) as connection:
            return views.service(self.layout, connection, service)

    def services(self) -> list[int]:
        """Ids of all services."""
        with reading(self.layout.database) as connection:
            return [row["id"] for row in connection.execute("SELECT id FROM item WHERE parent IS NULL ORDER BY id")]

    def customer_credentials(self, service: int) -> tuple[str, str, str]:
        """(url, username, password) as the customer sees them; `NoCredentials` while one is missing."""
        params = self.service(service)["params"]
        missing = [name for name in ("url", "username", "userpassword") if not params.get(name)]
        if missing:
            raise NoCredentials("no_credentials", f"service {service} has no {', '.join(missing)}")
        return params["url"], params["username"], params["userpassword"]

    def operation(self, operation: int) -> dict[str, Any]:
        """See `views.operation`."""
        descriptor = self._descriptor() if self.layout.descriptor(MODULE).exists() else None
        with reading(self.layout.database) as connection:
            return views.operation(connection, operation, descriptor)

    def operations(self) -> list[dict[str, Any]]:
        """All operations that there ever were, oldest first, as `operation` shows them."""
        with reading(self.layout.database) as connection:
            numbers = [row["id"] for row in connection.execute("SELECT id FROM standin_operation ORDER BY id")]
        return [self.operation(number) for number in numbers]

    def tasks(self) -> list[dict[str, Any]]:
        """Manual tasks that the module made, with `params` (the further parameters of task.edit)."""
        return self._rows("task")

    def problems(self) -> list[dict[str, Any]]:
        """Problems that the module registered: name, object (their `id`), level, params."""
        return self._rows("standin_problem")

    def statistics(self) -> list[dict[str, Any]]:
        """Rows of itemstat, with the intname of their measure as `unit`."""
        with reading(self.layout.database) as connection:
            found = connection.execute(
                "SELECT s.*, m.intname AS unit FROM itemstat s LEFT JOIN measure m ON m.id = s.measure"
                " ORDER BY s.item, s.statdate, s.param"
            )
            return [dict(row) for row in found]

    def closed_days(self) -> list[tuple[int, str]]:
        """(cloud, day) of each service.poststat, in order."""
        with reading(self.layout.database) as connection:
            found = connection.execute("SELECT processingmodule, date FROM standin_poststat ORDER BY id")
            return [(row["processingmodule"], row["date"]) for row in found]

    def cloud_params(self, cloud: int) -> dict[str, str]:
        """All parameters of a cloud, encrypted ones in clear."""
        with reading(self.layout.database) as connection:
            sales.check_exists(connection, "processingmodule", cloud)
            sql = "SELECT intname, value FROM {} WHERE processingmodule = ?"
            params: dict[str, str] = dict(connection.execute(sql.format("processingparam"), (cloud,)).fetchall())
            encrypted = connection.execute(sql.format("processingcryptedparam"), (cloud,)).fetchall()
        return params | {name: crypt.decrypt(self.layout.key, value) for name, value in encrypted}

    def mgrctl_calls(self, function: str | None = None) -> list[dict[str, Any]]:
        """Calls of mgrctl so far (see mgrctl.py), all or those of one function."""
        calls = read_lines(self.layout.mgrctl_log)
        return [call for call in calls if function is None or call["function"] == function]

    def history(self) -> list[dict[str, Any]]:
        """Runs of the module so far, without what they printed."""
        return read_lines(self.layout.history)

    def _rows(self, table: str) -> list[dict[str, Any]]:
        with reading(self.layout.database) as connection:
            return views.rows(connection, table)

    def _descriptor(self) -> Descriptor:
        return Descriptor(self.layout.descriptor(MODULE), MODULE)
