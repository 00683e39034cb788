# SPDX-License-Identifier: GPL-3.0-or-later
"""What can befall a panel, or is brought about by a test: faults of mgrctl, outages, restores, another clock."""

from __future__ import annotations

from pathlib import Path

from . import database, faults
from .layout import Layout


class Trouble:
    """The panel of the tree `layout`, in trouble."""

    layout: Layout

    def set_fault(
        self,
        fault: str,
        function: str | None = None,
        times: int | None = None,
        *,
        skip: int = 0,
        elid: int | None = None,
    ) -> None:
        """The next `times` calls (None: all) of mgrctl's `function` for the object `elid` (None: any) fail, but for the
        first `skip`; kinds in faults.py."""
        object_ = None if elid is None else str(elid)
        faults.set_fault(self.layout.fault, fault, function, times, skip=skip, elid=object_)

    def clear_faults(self) -> None:
        """mgrctl works again."""
        faults.clear_faults(self.layout.fault)

    def database_down(self) -> None:
        """No other program can read the database, and mgrctl answers as while BILLmanager is stopped.

        The methods of this class and of `Panel` go on: they stand for people, who see the same afterwards.
        """
        database.set_outage(self.layout.database, down=True)

    def database_up(self) -> None:
        """The end of `database_down`."""
        database.set_outage(self.layout.database, down=False)

    def back_up(self, copy: Path) -> None:
        """Makes a backup of the database, the new file `copy`."""
        database.back_up(self.layout.database, copy)

    def restore(self, copy: Path) -> None:
        """Restores a backup: what came later is gone, and the ids of its services and operations come back.

        The clock goes on; `advance_clock` makes sure that what comes back has other creation dates.
        """
        database.restore(self.layout.database, copy)

    def advance_clock(self, seconds: int) -> None:
        """Lets `seconds` pass for the dates that BILLmanager writes; they have whole seconds."""
        with database.transaction(self.layout.database) as connection:
            connection.execute("UPDATE standin_clock SET seconds = seconds + ?", (seconds,))
