# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of mgrctl in its forms of output: text, xml, devel, json, bjson."""

from __future__ import annotations

from .errors import MgrError
from .lines import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMS = ("text", "xml", "devel", "json", "bjson")


class Form:
    """One object: its fields. A submitted form has the field `ok`."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields


class Rows:
    """A list: one dictionary of fields per element."""

    def __init__(self, elements: list[dict[str, str]]) -> None:
        self.elements = elements


Answer = Form | Rows | MgrError


def write(answer: Answer, form: str) -> str:
    """`answer` as mgrctl prints it in `form` (one of `FORMS`), with a line end."""
    if form == "text":
        return _text(answer) + "\n"
    if form == "json":
        return to_json({"doc": _json(answer)}) + "\n"
    if form == "bjson":
        return to_json(_bjson(answer)) + "\n"
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _xml(answer) + "\n"


def _text(answer: Answer) -> str:
    if isinstance(answer, MgrError):
        kind = answer.type[:1].upper() + answer.type[1:]
        return f"ERROR Error: {', '.join(part for part in (kind, answer.object, answer.value) if part)}"
    if isinstance(answer, Rows):
        return "\n".join(" ".join(f"{key}={value}" for key, value in row.items()) for row in answer.elements)
    lines = [f"{key}={value}" for key, value in answer.fields.items() if key != "ok"]
    return "\n".join(lines + ["OK"] * ("ok" in answer.fields))


# As the standard library writes it, but without it: to import its packages for XML takes half as long as a call.
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_ATTRIBUTE = {**_IN_TEXT, **str.maketrans({'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"})}


def _xml(answer: Answer) -> str:
    if isinstance(answer, MgrError):
        params = "".join(_element("param", text.translate(_IN_TEXT), name=name) for name, text in answer.params.items())
        return _element("doc", _element("error", params, type=answer.type, object=answer.object, value=answer.value))
    if isinstance(answer, Rows):
        return _element("doc", "".join(_element("elem", _fields(row)) for row in answer.elements))
    return _element("doc", _fields(answer.fields))


def _fields(fields: dict[str, str]) -> str:
    return "".join(_element(name, value.translate(_IN_TEXT)) for name, value in fields.items())


def _element(tag: str, content: str, **attributes: str) -> str:
    start = tag + "".join(f' {name}="{value.translate(_IN_ATTRIBUTE)}"' for name, value in attributes.items())
    return f"<{start}>{content}</{tag}>" if content else f"<{start} />"


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
