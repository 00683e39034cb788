# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines for people and grep: a sentence, then ``name=value`` pairs (``service=12 account=user_12 operation=7``)."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

_PLAIN = re.compile(r"[\w.@:/+-]+")


def _one_line(text: str) -> str:
    # One line stays one line, whatever a server's answer or a customer's name holds; other letters stay readable.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _value(value: object) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    return '"' + _one_line(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


class Fields(logging.LoggerAdapter[logging.Logger]):
    """A logger whose keyword arguments become ``name=value`` pairs: ``log.info("opened", service=12)``."""

    def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
        known = {name: kwargs.pop(name) for name in ("exc_info", "stack_info", "stacklevel") if name in kwargs}
        pairs = " ".join(f"{name}={_value(value)}" for name, value in kwargs.items() if value is not None)
        sentence = _one_line(str(msg))
        return (f"{sentence} {pairs}" if pairs else sentence), known


def logger(name: str) -> Fields:
    """The logger ``bill_nextcloud.<name>`` with fields."""
    return Fields(logging.getLogger(f"bill_nextcloud.{name}"), {})


def set_up(level: str = "INFO") -> None:
    """Send log lines to standard error, where systemd's journal or the caller takes them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("bill_nextcloud")
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False
