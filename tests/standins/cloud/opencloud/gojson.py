# SPDX-License-Identifier: GPL-3.0-or-later
"""Request bodies as the real server reads them: strictly, with the error texts of Go's encoding/json.

From source: services/graph/pkg/service/v0/utils.go (StrictJSONUnmarshal), the types of owncloud/libre-graph-api-go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_GREATEST = 2**63 - 1


class Literal(str):
    """A number, as it was written."""


class BodyRefused(Exception):
    """The body does not fit; the text is the one that the real server shows."""


@dataclass(frozen=True)
class Shape:
    """An object that a call takes. name: of its type; fields: names with their kinds; required: in the order in which
    the real server looks for them."""

    name: str
    fields: Mapping[str, str | Shape]
    required: tuple[str, ...] = field(default=())


def read(body: bytes, shape: Shape) -> dict[str, Any]:
    """The members that are given and not null; whole numbers are int. Raises BodyRefused."""
    if not body.strip():
        raise BodyRefused("EOF")
    try:
        data = json.loads(body, parse_int=Literal, parse_float=Literal)
    except ValueError as error:
        raise BodyRefused("invalid character in the body") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        kind = "map[string]interface {}" if shape.required else f"libregraph.{shape.name}"
        raise BodyRefused(f"json: cannot unmarshal {_kind(data)} into Go value of type {kind}")
    for name in shape.required:
        if name not in data:
            raise BodyRefused(f"no value given for required property {name}")
    # Types that look for required members first have another one inside, of the same name with an underscore.
    inner = f"_{shape.name}" if shape.required else shape.name
    return _members(data, Shape(inner, shape.fields), "")


def _members(data: Mapping[str, Any], shape: Shape, path: str) -> dict[str, Any]:
    found = {}
    for name, value in data.items():
        if name not in shape.fields:
            raise BodyRefused(f'json: unknown field "{name}"')
        if value is not None:
            found[name] = _value(value, shape.fields[name], shape.name, f"{path}{name}")
    return found


def _value(value: Any, kind: str | Shape, owner: str, path: str) -> Any:
    if isinstance(kind, Shape):
        if isinstance(value, dict):
            return _members(value, kind, f"{path}.")
        wanted = f"libregraph.{kind.name}"
    elif kind == "any":
        return value
    elif kind == "int64":
        if isinstance(value, Literal):
            return _whole_number(value, owner, path)
        wanted = kind
    elif kind == "[]string":
        if isinstance(value, list):
            return [_value(item, "string", owner, path) for item in value]
        wanted = kind
    else:
        python = {"string": str, "bool": bool}[kind]
        if isinstance(value, python) and not isinstance(value, Literal):
            return value
        wanted = kind
    raise BodyRefused(f"json: cannot unmarshal {_kind(value)} into Go struct field {owner}.{path} of type {wanted}")


def _whole_number(value: Literal, owner: str, path: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = _GREATEST + 1
    if not -_GREATEST - 1 <= number <= _GREATEST:
        message = f"json: cannot unmarshal number {value} into Go struct field {owner}.{path} of type int64"
        raise BodyRefused(message)
    return number


def _kind(value: Any) -> str:
    if isinstance(value, Literal):
        return "number"
    return {dict: "object", list: "array", bool: "bool"}.get(type(value), "string")
