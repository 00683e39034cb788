# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for every failure (``messages.yml``), and the error document that carries its fixed type.

BILLmanager shows the text of ``msg_error_<type>`` from the descriptor in the reader's language and fills ``__name__``
placeholders with the document's parameters; the log shows the English one.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml

from bill_nextcloud.errors import Failure

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = ("en", "ru")
PREFIX = "nextcloud_"
NEXT = "next"
_PLACEHOLDER = re.compile(r"__([a-z_]+)__")
# The last sentence of a text that tells when it is tried again; the one before may hold what has a dot of its own.
_NEXT_SENTENCE = re.compile(rf"(?<=\.) [^.]*__{NEXT}__\.$")

TEXTS: dict[str, dict[Language, str]] = yaml.safe_load(
    Path(__file__).with_name("messages.yml").read_text(encoding="utf-8")
)


def text(failure: Failure, language: Language, next_attempt: float | None = None) -> str:
    """The sentences for ``failure``. ``next_attempt``: when it is tried again (seconds since 1970), if it is; otherwise
    the sentence that tells it is left out.

    Raises ``KeyError`` for a code without a text (a test sees to that).
    """
    template = TEXTS[failure.code][language]
    if next_attempt is None:
        template = _NEXT_SENTENCE.sub("", template)
    values = {**failure.parameters, NEXT: moment(next_attempt)}
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], "?"), template)


def moment(seconds: float | None) -> str:
    """A moment as people of this host read it, with the offset from UTC; ``-`` for none."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def error_document(failure: Failure, next_attempt: float | None = None) -> str:
    """The error document of the module contract: ``doc/error@type@object`` with a ``param`` for each parameter, and one
    that tells when the operation is tried again (see :func:`text`)."""
    document = ElementTree.Element("doc")
    subject = failure.parameters.get("account") or failure.parameters.get("service") or ""
    error = ElementTree.SubElement(document, "error", type=PREFIX + failure.code, object=printable(subject))
    parameters = dict(failure.parameters)
    if failure.kind != "final":
        parameters[NEXT] = moment(next_attempt)
    for name, value in sorted(parameters.items()):
        ElementTree.SubElement(error, "param", name=name).text = printable(value)
    return ElementTree.tostring(document, encoding="unicode")


def printable(value: str) -> str:
    """``value`` without control characters and halves of surrogates, which neither XML nor a database can hold."""
    return "".join(character if character.isprintable() else " " for character in value)
