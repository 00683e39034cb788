# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import answers: BILLmanager a document, administrators JSON; each no longer than its reader takes."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from bill_nextcloud.billmanager.form import render
from bill_nextcloud.billmanager.messages import printable
from bill_nextcloud.importing.services import Candidate, Imported

# So many are named in a document; all are in the log.
_MOST_NAMED = 100
# Of the four MiB that a line to the administrator's command may have; letters may take six bytes.
_MOST_BYTES = 3 * 1024 * 1024


def document(found: Imported) -> str:
    """``doc/ok``; ``doc/imported@count`` with ``service@id@account``; ``doc/left_out@count`` with
    ``account@name@reason``, a failure's code."""
    answer = Element("doc")
    SubElement(answer, "ok")
    services = found.services
    imported = SubElement(answer, "imported", count=str(len(services)))
    for one in services[:_MOST_NAMED]:
        SubElement(imported, "service", id=str(one.service), account=printable(one.name))
    others = [one for one in found.candidates if one.failure is not None]
    left_out = SubElement(answer, "left_out", count=str(len(others)))
    for one in others[:_MOST_NAMED]:
        assert one.failure is not None
        SubElement(left_out, "account", name=printable(one.name), reason=one.failure.code)
    return render(answer)


def as_dict(found: Imported) -> dict[str, Any]:
    """``{"cloud", "fitting": how many can become services, "accounts": […], "left_off": how many more there are,
    "failure"}``; each account as :func:`_row`."""
    rows: list[dict[str, Any]] = []
    size = 0
    for one in found.candidates:
        row = _row(one)
        size += len(json.dumps(row)) + 2
        if size > _MOST_BYTES:
            break
        rows.append(row)
    return {
        "cloud": found.cloud,
        "fitting": sum(one.sold is not None for one in found.candidates),
        "accounts": rows,
        "left_off": len(found.candidates) - len(rows),
        "failure": found.failure.as_dict() if found.failure else None,
    }


def _row(candidate: Candidate) -> dict[str, Any]:
    """``result``: ``fits`` (can become a service), ``imported``, ``failed`` or ``left_out``; the latter two with
    ``failure``."""
    account, sold = candidate.account, candidate.sold
    tariff = sold.offer.tariff if sold else None
    if candidate.service is not None:
        result = "imported"
    elif candidate.failure is None:
        result = "fits"
    else:
        result = "failed" if sold else "left_out"
    return {
        "account": candidate.name,
        "enabled": account.enabled if account else None,
        "email": account.email if account else None,
        "quota": account.quota if account else None,
        "groups": sorted(account.groups) if account else [],
        "tariff": {"id": tariff.id, "name": tariff.name} if tariff else None,
        "client": candidate.client,
        "service": candidate.service,
        "result": result,
        "failure": candidate.failure.as_dict() if candidate.failure else None,
    }
