# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for every failure (``messages.yml``), and the error document that carries its fixed type.

BILLmanager shows the text of ``msg_error_<type>`` from the descriptor in the reader's language and fills ``__name__``
placeholders with the document's parameters; the log shows the English one.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Literal

import yaml

from bill_nextcloud.errors import Failure

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = ("en", "ru")
PREFIX = "nextcloud_"
_PLACEHOLDER = re.compile(r"__([a-z_]+)__")

TEXTS: dict[str, dict[Language, str]] = yaml.safe_load(
    Path(__file__).with_name("messages.yml").read_text(encoding="utf-8")
)


def text(failure: Failure, language: Language) -> str:
    """The sentence for ``failure``. Raises ``KeyError`` for a code without a text (a test sees to that)."""
    template = TEXTS[failure.code][language]
    return _PLACEHOLDER.sub(lambda match: failure.parameters.get(match[1], "?"), template)


def error_document(failure: Failure) -> str:
    """The error document of the module contract: ``doc/error@type@object`` with a ``param`` for each parameter."""
    document = ElementTree.Element("doc")
    subject = failure.parameters.get("account") or failure.parameters.get("service") or ""
    error = ElementTree.SubElement(document, "error", type=PREFIX + failure.code, object=_printable(subject))
    for name, value in sorted(failure.parameters.items()):
        ElementTree.SubElement(error, "param", name=name).text = _printable(value)
    return ElementTree.tostring(document, encoding="unicode")


def _printable(value: str) -> str:
    # XML has no place for control characters, which a server's answer may hold.
    return "".join(character if character.isprintable() else " " for character in value)
