# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims an account name for a service: saved to BILLmanager, read back, and only then made on the cloud.

So that a run which is killed at any point leaves either nothing, or a claim by which the next run knows the account as
its own; and so that of two services that want one name, one has it.
"""

from __future__ import annotations

from collections.abc import Iterable

from bill_nextcloud.billmanager.claims import claims, holders
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import INVITED, PASSWORD, USERNAME, Database
from bill_nextcloud.errors import AccountConflict, ClaimNotSaved


def claim(
    mgrctl: Mgrctl,
    database: Database,
    service: int,
    modules: Iterable[int],
    account: str,
    password: str | None,
    invited: str | None = None,
    *,
    url: str,
    typed: bool,
) -> None:
    """Save ``account`` and ``password`` (encrypted) as parameters of ``service`` and read both back. An account whose
    customer is invited has no password that is known, but the address to which the invitation goes: ``invited``.

    ``modules``: the processing modules that stand for the cloud at ``url``; ``typed``: the name stood in the order
    already. Raises :class:`AccountConflict` when another service has claimed the name (nothing is saved then) or it
    belongs to one (see ``claims.owners``; this claim is then taken back), :class:`ClaimNotSaved` when BILLmanager
    shows something else than what was written.
    """
    for holder in holders(database, account, modules, url):
        # Whatever its number: what it has claimed may exist.
        if holder != service:
            raise AccountConflict(account=account, detail=f"service {holder} has claimed this name")
    # What proves it first: a name without it was never claimed (it may have been typed into the order).
    if password is not None:
        mgrctl.save_parameter(service, PASSWORD, password, encrypted=True)
    elif invited is not None:
        mgrctl.save_parameter(service, INVITED, invited)
    mgrctl.save_parameter(service, USERNAME, account)
    found = claims(database, account, modules, url)
    if service not in found:
        raise ClaimNotSaved(service=service, parameter=USERNAME)
    if found[0] != service:
        take_back(mgrctl, service, invited=invited is not None, typed=typed)
        raise AccountConflict(account=account, detail=f"service {found[0]} has claimed this name")
    if database.passwords([service]).get(service) != password:
        raise ClaimNotSaved(service=service, parameter=PASSWORD)


def take_back(mgrctl: Mgrctl, service: int, *, invited: bool, typed: bool) -> None:
    """Take the claim of ``service`` back, so that no later event touches the account: what could prove it, and the
    name, unless it was typed into the order. Raises ``BillmanagerUnavailable``, ``BillmanagerRefused``."""
    if not typed:
        mgrctl.drop_parameter(service, USERNAME)
    mgrctl.drop_parameter(service, INVITED if invited else PASSWORD)
