# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of mgrctl in its forms of output: text, xml, devel, json, bjson."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Any

from .errors import MgrError

FORMS = ("text", "xml", "devel", "json", "bjson")


@dataclass(frozen=True)
class Form:
    """One object: its fields. A submitted form has the field `ok`."""

    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """A list: one dictionary of fields per element."""

    elements: list[dict[str, str]]


Answer = Form | Rows | MgrError


def write(answer: Answer, form: str) -> str:
    """`answer` as mgrctl prints it in `form` (one of `FORMS`), with a line end."""
    if form == "text":
        return _text(answer) + "\n"
    if form == "json":
        return json.dumps({"doc": _json(answer)}, ensure_ascii=False) + "\n"
    if form == "bjson":
        return json.dumps(_bjson(answer), ensure_ascii=False) + "\n"
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(_xml(answer), encoding="unicode") + "\n"


def _text(answer: Answer) -> str:
    if isinstance(answer, MgrError):
        kind = answer.type[:1].upper() + answer.type[1:]
        return f"ERROR Error: {', '.join(part for part in (kind, answer.object, answer.value) if part)}"
    if isinstance(answer, Rows):
        return "\n".join(" ".join(f"{key}={value}" for key, value in row.items()) for row in answer.elements)
    lines = [f"{key}={value}" for key, value in answer.fields.items() if key != "ok"]
    return "\n".join(lines + ["OK"] * ("ok" in answer.fields))


def _xml(answer: Answer) -> ET.Element:
    document = ET.Element("doc")
    if isinstance(answer, MgrError):
        attributes = {"type": answer.type, "object": answer.object, "value": answer.value}
        error = ET.SubElement(document, "error", attributes)
        for name, value in answer.params.items():
            ET.SubElement(error, "param", {"name": name}).text = value
    elif isinstance(answer, Rows):
        for row in answer.elements:
            _fields(ET.SubElement(document, "elem"), row)
    else:
        _fields(document, answer.fields)
    return document


def _fields(parent: ET.Element, fields: dict[str, str]) -> None:
    for name, value in fields.items():
        ET.SubElement(parent, name).text = value or None


def _json(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, MgrError):
        params = [{"$name": name, "$": value} for name, value in answer.params.items()]
        return {"error": {"$type": answer.type, "$object": answer.object, "$value": answer.value, "param": params}}
    if isinstance(answer, Rows):
        return {"elem": [{key: {"$": value} for key, value in row.items()} for row in answer.elements]}
    return {key: {"$": value} for key, value in answer.fields.items()}


def _bjson(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, MgrError):
        error = {"type": answer.type, "object": answer.object, "value": answer.value}
        return {"error": {**error, "param": dict(answer.params)}}
    if isinstance(answer, Rows):
        return {"elem": answer.elements}
    return {"model": answer.fields}
