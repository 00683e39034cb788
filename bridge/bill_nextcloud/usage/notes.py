# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes of services that are nearly full, in BILLmanager: the plain parameter ``usage_note`` of the service.

BILLmanager documents no way in which a processing module shows a message to a customer. What it does document, and all
modules use, is a parameter of a service (``service.saveparam``), which the provider's own templates and reports can
read; that any form of the panel shows it is not documented. Its value is the threshold in percent (``80``), so that the
words are the provider's, in each customer's language. The parameter also tells that the note is there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.errors import BillmanagerUnavailable, OperationError
from bill_nextcloud.log import logger

log = logger("usage")

NOTE = "usage_note"


def crossed(used: int, sold: int | None, thresholds: Iterable[int]) -> int | None:
    """The highest of ``thresholds`` (percent) that ``used`` of ``sold`` (bytes) has reached, or ``None``. Without a
    limit (``None``), and of nothing, no share can be told."""
    if not sold:
        return None
    return max((percent for percent in thresholds if used * 100 >= sold * percent), default=None)


def show(mgrctl: Mgrctl, notes: Sequence[tuple[int, int | None]]) -> None:
    """Make the notes of services what ``notes`` says (number of the service; percent, or ``None``: no note). Those that
    fail are logged, and made by the next reading: the parameter still says what was before."""
    for done, (service, percent) in enumerate(notes):
        try:
            if percent is None:
                mgrctl.drop_parameter(service, NOTE)
            else:
                mgrctl.save_parameter(service, NOTE, str(percent))
        except BillmanagerUnavailable as error:
            log.warning("notes not made", count=len(notes) - done, detail=error)
            return
        except OperationError as error:
            log.warning("note not made", service=service, detail=error)
