# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which API a cloud speaks.

It is told by ``status.php``, which every product has for its clients and which needs no log-in. Where somebody has
closed that, or it keeps the version to itself, a Nextcloud tells it in the capabilities, too.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import LIBREGRAPH, NEXTCLOUD, OWNCLOUD
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import parse, read_object
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import Answer, Transport

STATUS = "/status.php"
_CAPABILITIES = "/ocs/v2.php/cloud/capabilities"
_UNAVAILABLE, _TOO_MANY = 503, 429
_OWNCLOUD_MAJORS = (10, 11)
_PRODUCTS: dict[str | None, str] = {NEXTCLOUD: "Nextcloud", OWNCLOUD: "ownCloud"}


@dataclass(frozen=True)
class Identity:
    """What a cloud tells everybody of itself; None: it does not tell."""

    dialect: str | None
    product: str | None
    version: str | None
    maintenance: bool | None
    needs_upgrade: bool | None

    @property
    def known_dialect(self) -> str:
        """``nextcloud``, ``owncloud`` or ``libregraph``.

        :raises CloudError: ``unknown_product``.
        """
        if self.dialect is None:
            raise CloudError("unknown_product", f"It says that it is {self.product!r}, version {self.version!r}.")
        return self.dialect


def identify(transport: Transport) -> Identity:
    """Ask a cloud what it is, without a log-in, and in maintenance as well.

    :raises CloudError: ``not_an_answer``, ``server_error``, ``rate_limited`` or ``maintenance`` when nothing tells, and
        the faults of the transport. None of them says anything of the credentials, which are not sent.
    """
    answer = transport.send("GET", STATUS)
    found = read_object(answer.body)
    status = found if found is not None and "installed" in found else None
    dialect = dialect_of(status) if status is not None else None
    version = None
    if dialect is None:
        version = _read_version(transport)
        dialect = dialect_of(version) if version is not None else None
    told = status if status is not None else version
    if told is None:
        raise _unidentified(answer, transport.name("GET", STATUS))
    dialect = dialect or _dialect_by_name(told)
    name = _text(told.get("productname")) or _text(told.get("product")) or _PRODUCTS.get(dialect)
    number = _text(told.get("versionstring")) or _text((version or {}).get("string"))
    if status is None:
        return Identity(dialect, name, number, None, None)
    return Identity(dialect, name, number, bool(status.get("maintenance")), bool(status.get("needsDbUpgrade")))


def dialect_of(told: t.Mapping[str, t.Any]) -> str | None:
    """Tell the dialect by the object of ``status.php``, or by the version in the capabilities; None: they do not tell.

    Only oCIS and its descendants have a ``productversion`` (their ``version`` is made up for old clients), only they
    and ownCloud a ``product``. ``productname`` is what the operator calls it, so the version decides for the rest:
    ownCloud stayed at 10 when Nextcloud went on. Source: recordings.
    """
    product = str(told.get("product") or "").lower()
    if told.get("productversion") or product in ("infinite scale", "ocis", "opencloud"):
        return LIBREGRAPH
    if product == "owncloud":
        return OWNCLOUD
    version = told.get("versionstring") or told.get("string") or told.get("version") or told.get("major")
    major = str(version or "").partition(".")[0]
    if not major.isdecimal():
        return None
    if int(major) in _OWNCLOUD_MAJORS:
        return OWNCLOUD
    return NEXTCLOUD if int(major) > max(_OWNCLOUD_MAJORS) else None


def _dialect_by_name(told: t.Mapping[str, t.Any]) -> str | None:
    """The last resort, for a cloud that keeps its version to itself everywhere."""
    if told.get("versionstring") or told.get("version"):
        return None
    name = str(told.get("productname") or "").lower()
    return {"owncloud": OWNCLOUD, "nextcloud": NEXTCLOUD}.get(name)


def _read_version(transport: Transport) -> dict[str, t.Any] | None:
    """Return what the capabilities tell of the version; None: nothing. Only Nextcloud tells it without a log-in.

    :raises CloudError: ``maintenance``, and the faults of the transport.
    """
    answer = transport.send("GET", _CAPABILITIES, query={"format": "json"})
    name = transport.name("GET", _CAPABILITIES)
    try:
        found = parse(answer.status, answer.headers, answer.body, name, is_write=False).data
    except CloudError as error:
        if error.code == "maintenance":
            raise
        return None
    version = found.get("version") if isinstance(found, dict) else None
    return version if isinstance(version, dict) else None


def _unidentified(answer: Answer, request: str) -> CloudError:
    """What the answer of ``status.php`` means where nothing else tells."""
    if answer.status == _UNAVAILABLE:
        # No product answers so, not even in maintenance: it is what stands before a cloud that was stopped.
        code = "maintenance"
    elif answer.status == _TOO_MANY:
        code = "rate_limited"
    else:
        code = "server_error" if answer.status >= 500 else "not_an_answer"
    return CloudError(code, f"HTTP status {answer.status}.", request=request, http_status=answer.status)


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) and value else None
