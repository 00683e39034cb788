# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the stand-in. `PanelError` is for whoever drives it, `MgrError` is what mgrctl answers to a module."""

from __future__ import annotations


class PanelError(Exception):
    """The panel cannot do what was asked. `code` is a fixed key, `message` is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NoCredentials(PanelError):
    """The service does not hold url, username and userpassword (yet)."""


class OperationNotEnded(PanelError):
    """`Panel.wait` gave up."""


class Outage(Exception):
    """An outage of the database is on, or its server does not run."""


class MgrError(Exception):
    """An error answer of BILLmanager: type, object and value as in `doc/error@type@object@value`."""

    def __init__(self, type_: str, object_: str = "", value: str = "", params: dict[str, str] | None = None) -> None:
        super().__init__(f"{type_}, {object_}, {value}")
        self.type = type_
        self.object = object_
        self.value = value
        self.params = params or {}
