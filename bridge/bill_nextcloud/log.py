# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines for people and grep: a sentence, then ``name=value`` pairs (``service=12 account=user_12 operation=7``)."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

from bill_nextcloud.billmanager.messages import TEXTS, text
from bill_nextcloud.errors import OperationError

# What needs no quotes: nothing that separates pairs or opens a quote.
_PLAIN = re.compile(r'[^\s"=\\]+')


def _one_line(text: str) -> str:
    # One line stays one line, whatever a server's answer or a customer's name holds; other letters stay readable.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _value(value: object) -> str:
    words = _words(value)
    if _PLAIN.fullmatch(words) and words.isprintable():
        return words
    return '"' + _one_line(words.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _words(value: object) -> str:
    """``value`` as people write it, not as Python does."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_words(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(_words(one) for one in value if one is not None)
    if isinstance(value, OperationError):
        return f"{value.code}: {text(value.failure, 'en') if value.code in TEXTS else _words(value.parameters)}"
    if isinstance(value, OSError) and value.strerror:
        return f"{value.strerror}: {_words(value.filename)}" if value.filename else value.strerror
    if isinstance(value, KeyError):
        return f"KeyError: {_words(value.args)}"
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    return str(value)


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


class _Format(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is the library's
        # The one thing that takes more lines: indented, so that none of them looks like one of ours.
        return "\n".join("    " + _one_line(line) for line in super().formatException(ei).splitlines())


def set_up(level: str = "INFO", *, file: Path | None = None) -> None:
    """Send log lines to standard error, where systemd's journal or the caller takes them, and to ``file``, which may be
    moved away (logrotate). One that cannot be opened is a warning: no call of BILLmanager fails for it."""
    format_ = _Format("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    refused: OSError | None = None
    if file is not None:
        # While the disk is full the journal still has every line; a traceback for each would be no help there.
        logging.raiseExceptions = False
        try:
            handlers.append(WatchedFileHandler(file, encoding="utf-8", errors="backslashreplace"))
        except OSError as error:
            refused = error
    for handler in handlers:
        handler.setFormatter(format_)
    root = logging.getLogger("bill_nextcloud")
    root.handlers[:] = handlers
    root.setLevel(level)
    root.propagate = False
    if refused is not None:
        logger("log").warning("the log file is not written", detail=refused)
