# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which API a cloud speaks.

It is told by ``status.php``, which every product has for its clients and which needs no log-in, and where somebody has
closed that by the capabilities.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import LIBREGRAPH, NEXTCLOUD, OWNCLOUD
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import parse, read_object
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import Transport

STATUS = "/status.php"
_CAPABILITIES = "/ocs/v2.php/cloud/capabilities"
_UNAVAILABLE = 503
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
    """Ask a cloud what it is, which it tells anybody, in maintenance as well.

    :raises CloudError: ``not_an_answer`` when neither way brings an answer; what concerns the whole cloud, and the
        faults of the transport.
    """
    answer = transport.send("GET", STATUS)
    status = read_object(answer.body)
    if status is not None and "installed" in status:
        dialect = dialect_of(status)
        return Identity(
            dialect,
            _text(status.get("productname")) or _PRODUCTS.get(dialect),
            _text(status.get("versionstring")),
            bool(status.get("maintenance")),
            bool(status.get("needsDbUpgrade")),
        )
    version = _read_version(transport)
    if version is None:
        # No product answers so, not even in maintenance: it is what stands before a cloud that was stopped.
        raise CloudError(
            "maintenance" if answer.status == _UNAVAILABLE else "not_an_answer",
            f"HTTP status {answer.status}.",
            request=transport.name("GET", STATUS),
            http_status=answer.status,
        )
    dialect = dialect_of(version)
    product = _text(version.get("product")) or _PRODUCTS.get(dialect)
    return Identity(dialect, product, _text(version.get("string")), None, None)


def dialect_of(told: t.Mapping[str, t.Any]) -> str | None:
    """Tell the dialect by the object of ``status.php``, or by the version in the capabilities; None: no known one.

    Only oCIS and its descendants have a ``productversion`` (their ``version`` is made up for old clients), only they
    and ownCloud a ``product``. ``productname`` is what the operator calls it, so the version decides for the rest:
    ownCloud stayed at 10 when Nextcloud went on. Source: recordings.
    """
    product = str(told.get("product") or "").lower()
    if told.get("productversion") or product in ("infinite scale", "ocis", "opencloud"):
        return LIBREGRAPH
    version = told.get("versionstring") or told.get("string") or told.get("version")
    major = str(version or "").partition(".")[0]
    if product == "owncloud" or (major.isdecimal() and int(major) in _OWNCLOUD_MAJORS):
        return OWNCLOUD
    if major.isdecimal():
        return NEXTCLOUD if int(major) > max(_OWNCLOUD_MAJORS) else None
    # A server may keep its version to itself.
    name = str(told.get("productname") or "").lower()
    return {"owncloud": OWNCLOUD, "nextcloud": NEXTCLOUD}.get(name)


def _read_version(transport: Transport) -> dict[str, t.Any] | None:
    """Return what the capabilities, which everybody may read, tell of the version; None: nothing.

    :raises CloudError: for what concerns the whole cloud, such as maintenance, or a 401 that refuses even this.
    """
    answer = transport.send("GET", _CAPABILITIES, query={"format": "json"})
    name = transport.name("GET", _CAPABILITIES)
    try:
        found = parse(answer.status, answer.headers, answer.body, name, is_write=False).data
    except CloudError as error:
        if error.code != "not_an_answer" and (error.code, answer.status) != ("server_error", _UNAVAILABLE):
            raise
        return None
    version = found.get("version") if isinstance(found, dict) else None
    return version if isinstance(version, dict) else None


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) and value else None
