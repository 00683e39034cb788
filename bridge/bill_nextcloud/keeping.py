# SPDX-License-Identifier: GPL-3.0-or-later
"""Saves with a service what a run has made of its account.

What BILLmanager does not take is the failure of that work.
"""

from __future__ import annotations

from dataclasses import dataclass

from bill_nextcloud.billmanager import password_change
from bill_nextcloud.billmanager.cloud import TICKED, Cloud
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import DELETE_AFTER, INVITED, QUOTA_PENDING, URL, Database
from bill_nextcloud.errors import OperationError
from bill_nextcloud.log import logger
from bill_nextcloud.request import CHANGE_PASSWORD
from bill_nextcloud.work import Work

log = logger("keeping")


@dataclass(frozen=True)
class Keeping:
    """For services of one cloud."""

    mgrctl: Mgrctl
    database: Database
    cloud: Cloud

    def password(self, work: Work) -> None:
        """The password that the customer is shown."""
        # Of an order, too: a write of a killed run may have reached BILLmanager late, and what the customer is shown
        # must be what works.
        ordered = work.opening and work.service is not None and not work.service.confirmed
        if work.password is None or not (ordered or work.request.command == CHANGE_PASSWORD):
            return
        try:
            password_change.show(self.mgrctl, self.database, work.request.service, work.password)
        except OperationError as error:
            work.failure = error.failure

    def parameters(self, work: Work) -> None:
        """Before the operation is reported: the deadline of an account that is kept; no deadline where the account is
        wanted again; neither deadline nor address where it is gone, since the name may be another's tomorrow."""
        assert work.service is not None
        saved = work.service.params
        gone = [URL, DELETE_AFTER, INVITED, QUOTA_PENDING]
        stale = {"open": [DELETE_AFTER], "reopen": [DELETE_AFTER], "close": gone}
        stale["delete"] = stale["close"]
        try:
            if work.means == "close_retained" and not work.confirmed:
                # It was proven just now; whoever takes it back, or deletes it later, need not prove it again.
                self.mgrctl.save_parameter(work.service.id, URL, self.cloud.url)
            if work.undecided:
                return
            if work.delete_after:
                if saved.get(DELETE_AFTER) != work.delete_after:
                    self.mgrctl.save_parameter(work.service.id, DELETE_AFTER, work.delete_after)
                return
            for name in stale.get(work.request.command, []):
                if name in saved:
                    self.mgrctl.drop_parameter(work.service.id, name)
        except OperationError as error:
            work.failure = error.failure

    def pending(self, work: Work) -> None:
        """A quota that the cloud could not take yet is on record with the service until a later run has set it."""
        assert work.service is not None
        assert work.wish is not None
        pending = "quota" in work.result["pending"]
        if "quota" not in work.wish or pending is (QUOTA_PENDING in work.service.params):
            return
        try:
            if pending:
                self.mgrctl.save_parameter(work.service.id, QUOTA_PENDING, TICKED)
                log.warning("quota not set yet", service=work.service.id, account=work.result["name"])
            else:
                self.mgrctl.drop_parameter(work.service.id, QUOTA_PENDING)
        except OperationError as error:
            work.failure = error.failure
