# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of a module, which is kept nowhere: answers of the cloud would stand in it."""

from __future__ import annotations

import logging

EXTINFO = 15


class _Logger(logging.Logger):
    def extinfo(self, message: object, *values: object) -> None:
        """Between debug and info."""
        self.log(EXTINFO, message, *values)


def init_logging(name: str) -> None:
    """The name of the module."""
    logging.setLoggerClass(_Logger)
    logging.getLogger(name).addHandler(logging.NullHandler())


def get_logger(name: str) -> logging.Logger:
    """A logger of the module."""
    return logging.getLogger(name)
