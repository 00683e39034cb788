# SPDX-License-Identifier: GPL-3.0-or-later
"""``transition_control_panel``: the way from a service to the web interface of its account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from xml.etree.ElementTree import Element, SubElement

from bill_nextcloud.billmanager.form import render
from bill_nextcloud.billmanager.service import DELETED, Database
from bill_nextcloud.call import number
from bill_nextcloud.errors import AccountNameMissing, Failure, ModuleUnknown, ServiceDeleted

KEY, NAME = "nextcloud", "Nextcloud"


def open_panel(database: Database, call: Mapping[str, Any]) -> str | Failure:
    """The address of the cloud where the account of the service ``call["item"]`` was seen, as
    ``doc/url``, ``panelcount``, ``panelname@keyname``; no name and no password is in it.

    How BILLmanager names the panel's key on the command line is not known: there is one panel, so it makes no
    difference. Raises ``BadRequest``, ``ServiceUnknown``, ``ModuleUnknown`` (the service is not ours),
    ``ServiceDeleted``, ``AccountNameMissing`` (it was never opened), ``BillmanagerUnavailable``.
    """
    service = database.service(number(call, "item", required=True) or 0)
    if service.module not in {module for module, _ in database.clouds()}:
        raise ModuleUnknown(module=service.module or "-")
    if service.status == DELETED:
        raise ServiceDeleted(service=service.id, command="transition_control_panel")
    # The address is saved only when the account was seen there as ours.
    if service.account is None or service.address is None:
        raise AccountNameMissing(service=service.id)
    try:
        parts = urlsplit(service.address.strip())
    except ValueError:
        parts = urlsplit("")
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("https", "http") or not host:
        # The parameter was written by somebody else; a customer's browser is not sent there.
        return Failure("invalid_url", {"cloud": service.address, "detail": "the parameter url of the service"})
    document = Element("doc")
    SubElement(document, "url").text = urlunsplit((parts.scheme, host, parts.path.rstrip("/") + "/", "", ""))
    SubElement(document, "panelcount").text = "1"
    SubElement(document, "panelname", keyname=KEY).text = NAME
    return render(document)
