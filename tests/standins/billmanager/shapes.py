# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a document has the shape that it has between BILLmanager and a processing module (`shapes.rng`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lxml import etree

ANSWERS = {
    "features": "features",
    "tune_connection": "form",
    "CONNECTION_FORM_TUNE": "form",
    "pricelist_dynamic_settings_tune": "form",
    "get_suitable_module": "modules",
    "import": "imported",
    "transition_control_panel": "panel",
}
"""The shape of the answer to a command; that of all others is `outcome`. Each may answer an `error` instead."""

_GRAMMAR = Path(__file__).with_name("shapes.rng")
_NAMESPACE = "{http://relaxng.org/ns/structure/1.0}"


def fault(document: str | bytes, shape: str) -> str | None:
    """Why `document` has not the shape of that name; None when it has. What is no XML is a fault, too."""
    data = document.encode("utf-8", "surrogateescape") if isinstance(document, str) else document
    try:
        root = etree.fromstring(data.strip(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        return f"not one XML document: {error}"
    schema = _schema(shape)
    if schema.validate(root):
        return None
    # The last one is nearest to the fault.
    return f"not of the shape {shape}: {schema.error_log[-1].message}"


def answer_fault(document: str, command: str, *, failed: bool) -> str | None:
    """Why a module may not answer `command` with `document`; `failed`: it is an error document."""
    return fault(document, "error" if failed else ANSWERS.get(command, "outcome"))


@cache
def _schema(shape: str) -> etree.RelaxNG:
    grammar = etree.parse(_GRAMMAR)
    start = grammar.find(f"{_NAMESPACE}start/{_NAMESPACE}ref")
    assert start is not None
    start.set("name", shape)
    return etree.RelaxNG(grammar)
