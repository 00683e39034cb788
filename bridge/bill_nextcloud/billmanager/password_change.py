# SPDX-License-Identifier: GPL-3.0-or-later
"""A password that was asked for, on its way to the cloud: kept in BILLmanager alone, as an encrypted parameter.

Saved as ``newpassword`` before the call is acknowledged, set on the cloud, then saved as ``userpassword``, which the
customer is shown, and ``newpassword`` is taken away. So whatever is killed where: either the old password works and is
shown, or the next attempt finds the new one. The bridge's own databases never have it.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import DELETED, NEW_PASSWORD, PASSWORD, Database, Service
from bill_nextcloud.errors import AccountNameMissing, ClaimNotSaved, NewPasswordMissing

_LOCKS = 64


class PasswordChanges:
    """Takes new passwords and drops those that are done with. Saving one and accepting its operation, and looking
    whether another was asked for and dropping one, are each done below :meth:`of`, so that none gets lost between."""

    def __init__(self, mgrctl: Mgrctl, database: Database) -> None:
        self._mgrctl = mgrctl
        self._database = database
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    @contextmanager
    def of(self, service: int) -> Iterator[None]:
        """Nobody else takes or drops the new password of ``service`` within the block."""
        with self._locks[service % _LOCKS]:
            yield

    def take(self, service: int, operation: int | None, encrypted: str) -> None:
        """Save the password in ``encrypted`` (as BILLmanager's encrypted parameters are) and read it back.

        Nothing is saved for a service that has no account, and for an operation that BILLmanager has ended, so that a
        late call does not take the place of a newer password: their attempt will say why it is refused.

        Raises ``CryptKeyUnusable``, ``BillmanagerUnavailable``, ``BillmanagerRefused`` or :class:`ClaimNotSaved`: then
        nothing may be acknowledged.
        """
        database = self._database.calls
        password = database.opened(NEW_PASSWORD, encrypted)
        now = database.service(service)
        ended = operation is not None and not database.operation_runs(operation, service, "changepassword")
        if now.status == DELETED or not now.confirmed or ended:
            return
        if database.passwords([service], NEW_PASSWORD).get(service) == password:
            return
        self._mgrctl.save_parameter(service, NEW_PASSWORD, password, encrypted=True)
        if database.passwords([service], NEW_PASSWORD).get(service) != password:
            raise ClaimNotSaved(service=service, parameter=NEW_PASSWORD)

    def drop(self, service: int) -> None:
        """Take the new password of ``service`` away, if there is one. Raises ``BillmanagerUnavailable``,
        ``BillmanagerRefused``."""
        if self._database.with_encrypted([service], NEW_PASSWORD):
            self._mgrctl.drop_parameter(service, NEW_PASSWORD)


def fingerprint(encrypted: str) -> str:
    """Tells one call's password from another's. Made of the *encrypted* one, whose padding is random: nothing follows
    from it."""
    return hashlib.sha256("".join(encrypted.split()).encode()).hexdigest()[:16]


def wanted(database: Database, service: Service) -> str:
    """The password that is to be set for ``service``.

    Raises :class:`AccountNameMissing` when its account was never seen as ours, :class:`NewPasswordMissing` when none is
    saved (any more), ``CryptKeyUnusable``, ``BillmanagerUnavailable``.
    """
    if not service.confirmed:
        raise AccountNameMissing(service=service.id)
    password = database.passwords([service.id], NEW_PASSWORD).get(service.id)
    if password is None:
        raise NewPasswordMissing(service=service.id)
    return password


def show(mgrctl: Mgrctl, database: Database, service: int, password: str) -> None:
    """Make ``password``, which works by now, the one that the customer of ``service`` is shown, unless it is.

    Raises :class:`ClaimNotSaved` when BILLmanager shows another one afterwards, ``BillmanagerUnavailable``,
    ``BillmanagerRefused``.
    """
    if database.passwords([service]).get(service) == password:
        return
    mgrctl.save_parameter(service, PASSWORD, password, encrypted=True)
    if database.passwords([service]).get(service) != password:
        raise ClaimNotSaved(service=service, parameter=PASSWORD)
