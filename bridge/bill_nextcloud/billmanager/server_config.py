# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cloud said of itself, kept with its processing module (``processingmodule.config``), so that forms have it
while the cloud does not answer.

BILLmanager keeps the text and hands it back (the vendor's C++ base class does so with ``processing.setconfig``); what
is in it is the module's own affair: ``doc/nextcloud@version[@part][@free_space]/group``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from sqlalchemy import select

from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.form import fits
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database

# How wide the column is is not known: MySQL's ``text`` takes 65535 bytes, and an argument 131071.
LONGEST = 60_000
# Of a number of bytes.
_DIGITS = 18


@dataclass(frozen=True)
class Listing:
    """What a cloud says of itself: its ``version`` and the names of its ``groups``, sorted, without ``admin``.
    ``whole``: these are all. ``free_space``: what its disk has left, in bytes; ``None``: it does not say, or was not
    asked."""

    version: str
    groups: tuple[str, ...]
    whole: bool = True
    free_space: int | None = None


def saved(database: Database, module: int) -> Listing | None:
    """What is kept with a processing module, or ``None``: nothing of ours. Raises ``BillmanagerUnavailable``."""
    rows = database.rows(select(t.processingmodule.c.config).where(t.processingmodule.c.id == module))
    return read(rows[0]["config"] if rows else None)


def read(config: object) -> Listing | None:
    """The inverse of :func:`write`; ``None`` for everything else."""
    if not isinstance(config, str) or "<!DOCTYPE" in config:
        return None
    try:
        found = ElementTree.fromstring(config).find("nextcloud")
    except (ElementTree.ParseError, ValueError):
        return None
    if found is None:
        return None
    groups = tuple(group.text or "" for group in found.findall("group"))
    space = found.get("free_space", "")
    return Listing(
        found.get("version", ""),
        groups,
        whole=found.get("part") is None,
        free_space=int(space) if space.isascii() and space.isdigit() and len(space) <= _DIGITS else None,
    )


def write(listing: Listing) -> str:
    """``listing`` as it is kept: at most ``LONGEST`` bytes, so with thousands of groups only the first of them."""
    document = Element("doc")
    found = SubElement(document, "nextcloud", version=listing.version if fits(listing.version) else "")
    if listing.free_space is not None:
        found.set("free_space", str(listing.free_space))
    length = len(ElementTree.tostring(document)) + len('</nextcloud> part="yes"')
    whole = listing.whole
    for group in listing.groups:
        if not fits(group):
            whole = False
            continue
        element = Element("group")
        element.text = group
        length += len(ElementTree.tostring(element, encoding="unicode").encode())
        if length > LONGEST:
            whole = False
            break
        found.append(element)
    if not whole:
        found.set("part", "yes")
    return ElementTree.tostring(document, encoding="unicode")


def save(mgrctl: Mgrctl, module: int, listing: Listing) -> None:
    """Keep ``listing`` with a processing module. Raises ``BillmanagerUnavailable``, ``BillmanagerRefused``."""
    # Without `sok`: the vendor's class calls it so.
    mgrctl.call("processing.setconfig", {"elid": str(module), "config": write(listing)})
