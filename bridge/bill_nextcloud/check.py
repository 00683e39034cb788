# SPDX-License-Identifier: GPL-3.0-or-later
"""``check_connection``: whether accounts can be changed with what stands in the connection form. A person waits for it,
so it goes past every queue and is over within seconds, even when the cloud hangs."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.form import parse
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.call import number
from bill_nextcloud.errors import (
    BadRequest,
    CloudParameterMissing,
    CloudParameterUnusable,
    Failure,
    SshKeyUnusable,
    SuspensionUnsupported,
)
from bill_nextcloud.holds import Holds
from bill_nextcloud.log import logger
from bill_nextcloud.playbook import Product, Runs
from bill_nextcloud.waiting import within

log = logger("check")

_NEXTCLOUD = "nextcloud"
_HIDES_SHARES_SINCE = 28
"""The first Nextcloud that has the switch of ``disabled_shares`` (its module's documentation)."""


@dataclass(frozen=True)
class CheckConnection:
    """Tries a connection form's values, or what is saved where the form leaves something out."""

    runs: Runs
    database: Database
    holds: Holds

    def __call__(self, document: object) -> Failure | None:
        """Why accounts cannot be changed, or ``None``: they can. When what is saved has passed, a cloud that is held is
        released, and worker hosts may try what the cloud had refused before.

        ``document``: ``doc/processingmodule`` with an element for each value (and ``id``, where it is saved already) as
        BILLmanager gives it to the module. Raises :class:`BadRequest`, :class:`CloudParameterMissing`,
        ``CloudParameterInvalid``, :class:`SshKeyUnusable`, ``BillmanagerUnavailable``, ``ModuleUnknown``,
        ``CryptKeyUnusable``, ``EngineUnavailable``.
        """
        values = _values(document)
        module = number(values, "id", required=False)
        saved = self._saved(module) if module else None
        cloud = self._cloud(values, saved)
        # One log-in, as asked for: also with what a worker host would not try by itself any more.
        found = within(cloud, lambda seconds: self.runs.product(cloud, seconds, anew=True))
        failure = found if isinstance(found, Failure) else _unsupported(cloud, found)
        log.info(
            "connection checked",
            cloud=cloud.name,
            module=module,
            code=failure.code if failure else None,
            transport=None if isinstance(found, Failure) else found.transport,
        )
        if failure is None and module and cloud == saved:
            self.runs.try_again(module)
            self.holds.passed(module)
        return failure

    def _saved(self, module: int) -> Cloud | None:
        try:
            return self.database.cloud(module, secret=not self.runs.elsewhere)
        except CloudParameterUnusable:
            return None  # not filled in rightly: what is to be saved now may be

    def _cloud(self, values: dict[str, str], saved: Cloud | None) -> Cloud:
        name = values.get("name") or (saved.name if saved else "") or values.get("url") or "-"
        given = {**(saved.params if saved else {}), **values}
        for parameter in ("url", "username"):  # an empty one in the form is one that is left as it is
            given[parameter] = values.get(parameter) or (getattr(saved, parameter) if saved else "")
        # Worker hosts have credentials of their own.
        password = values.get("password") or (saved.password if saved else "")
        cloud = Cloud.of(saved.id if saved else 0, saved.name if saved else name, password, given)
        if not self.runs.elsewhere:
            if not password and cloud.logs_in:
                raise CloudParameterMissing(cloud=name, parameter="password")
            _require_key(cloud)
        if cloud.ca_file and not Path(cloud.ca_file).is_absolute():
            raise BadRequest(detail=f"the certificate authority must be an absolute path, not {cloud.ca_file[:64]!r}")
        return cloud


def _require_key(cloud: Cloud) -> None:
    """Raise :class:`SshKeyUnusable` when ssh would not take the key of the cloud's server: it says less."""
    if cloud.server is None:
        return
    file = cloud.server.key_file
    try:
        with file.open("rb"):
            mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        raise SshKeyUnusable(cloud=cloud.name, file=file, detail=error.strerror) from error
    if mode & 0o077:
        raise SshKeyUnusable(cloud=cloud.name, file=file, detail=f"its mode is {mode:04o}")


def _unsupported(cloud: Cloud, product: Product) -> Failure | None:
    """Whether the form asks for something at suspensions that the product cannot do: then each would fail, and
    customers would stay active who should not."""
    ours = product.dialect == _NEXTCLOUD
    major = product.version.partition(".")[0]
    hides = ours and major.isdecimal() and int(major) >= _HIDES_SHARES_SINCE
    parameter = ""
    if cloud.disabled_shares and not hides:
        parameter = "disabled_shares"
    elif cloud.wipe_devices and not ours:
        parameter = "wipe_devices"
    if not parameter:
        return None
    known = f"{product.name} {product.version}"
    return SuspensionUnsupported(cloud=cloud.name, parameter=parameter, product=known).failure


def _values(document: object) -> dict[str, str]:
    form = parse(document).find("processingmodule")
    if form is None:
        raise BadRequest(detail="the form has no processingmodule")
    values = {element.tag: element.text or "" for element in form}
    # A password is what it is: with what is saved of the form, operations log in to the letter.
    return {name: value if name == "password" else value.strip() for name, value in values.items()}
