# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims an account name for a service: saved to BILLmanager, read back, and only then made on the cloud.

So that a run which is killed at any point leaves either nothing, or a claim by which the next run knows the account as
its own; and so that of two services that want one name, one has it.
"""

from __future__ import annotations

from collections.abc import Iterable

from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import PASSWORD, USERNAME, Database
from bill_nextcloud.errors import AccountConflict, ClaimNotSaved


def claim(
    mgrctl: Mgrctl, database: Database, service: int, modules: Iterable[int], account: str, password: str | None
) -> None:
    """Save ``account`` and ``password`` (encrypted) as parameters of ``service`` and read both back. An account whose
    customer is invited has no password that is known: ``None``.

    ``modules``: the processing modules that stand for the same cloud. Raises :class:`AccountConflict` when a service
    with a lower number claims the same name (this claim is then taken back), :class:`ClaimNotSaved` when BILLmanager
    shows something else than what was written.
    """
    if password is not None:
        # First: a name without its password could never be proven to be ours.
        mgrctl.save_parameter(service, PASSWORD, password, encrypted=True)
    mgrctl.save_parameter(service, USERNAME, account)
    claims = database.claims(account, modules)
    if service not in claims:
        raise ClaimNotSaved(service=service, parameter=USERNAME)
    if claims[0] != service:
        mgrctl.drop_parameter(service, USERNAME)
        raise AccountConflict(account=account, detail=f"service {claims[0]} has claimed this name")
    if database.passwords([service]).get(service) != password:
        raise ClaimNotSaved(service=service, parameter=PASSWORD)
