# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that BILLmanager hands to the module on standard input, and the lists that are added to a form.

A form is ``doc`` with a child for each value; a list for one of its selects is ``slist@name`` with ``msg[@key]`` for
each choice (the vendor's Python library and its Nextcloud module).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from bill_nextcloud.errors import BadRequest

OK = "<doc><ok/></doc>"
# Forms are flat; what is nested deeper could not be written again.
_DEEPEST = 40
# What XML 1.0 has no place for (its production Char).
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(document: object) -> Element:
    """The root, ``doc``, of a document of BILLmanager (text).

    Raises :class:`BadRequest` when it is not well-formed, declares a document type (no document of BILLmanager does,
    and entities could make it grow without end), or is nested too deep. Nothing of the content is in the error: it may
    be secret.
    """
    if not isinstance(document, str) or not document.strip():
        raise BadRequest(detail="no form on standard input")
    if "<!DOCTYPE" in document:
        raise BadRequest(detail="the form declares a document type")
    try:
        root = ElementTree.fromstring(document.strip())
    except ElementTree.ParseError as error:
        line, column = error.position
        raise BadRequest(detail=f"the form is not XML: line {line}, column {column}") from None
    except (ValueError, RecursionError):
        # Bytes that were no text.
        raise BadRequest(detail="the form is not XML") from None
    if root.tag != "doc":
        raise BadRequest(detail="the form is no doc")
    level = [root]
    for _ in range(_DEEPEST):
        level = [child for element in level for child in element]
    if level:
        raise BadRequest(detail="the form is nested too deep")
    return root


def fits(text: str) -> bool:
    """Whether XML can hold ``text``."""
    return _NO_CHARACTER.search(text) is None


def values(form: Element, name: str) -> list[str]:
    """The values of the field ``name``, empty ones left out."""
    found = (("".join(element.itertext())).strip() for element in form.findall(name))
    return [value for value in found if value]


def add_list(form: Element, name: str, choices: Iterable[tuple[str, str]]) -> None:
    """Give the select ``name`` its ``choices`` (key, text), instead of any that the form has already. What XML cannot
    hold is left out: it could not be chosen."""
    for old in form.findall("slist"):
        if old.get("name") == name:
            form.remove(old)
    slist = SubElement(form, "slist", name=name)
    for key, text in choices:
        if fits(key):
            SubElement(slist, "msg", key=key).text = text


def render(document: Element) -> str:
    """The document as text; each value as it was read."""
    # A carriage return that stood there as a reference would be read as the end of a line.
    return ElementTree.tostring(document, encoding="unicode").replace("\r", "&#13;")
