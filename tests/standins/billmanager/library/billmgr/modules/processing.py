# SPDX-License-Identifier: GPL-3.0-or-later
"""A processing module: its arguments, and the function of each command."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from ..exception import XmlException


class Feature(Enum):
    """Commands, as BILLmanager calls them."""

    CHECK_CONNECTION = "check_connection"
    CLOSE = "close"
    CONNECTION_FORM_TUNE = "tune_connection"
    GET_SERVER_CONFIG = "get_server_config"
    OPEN = "open"
    PRICELIST_DYNAMIC_SETTINGS = "pricelist_dynamic_settings"
    PRICELIST_DYNAMIC_SETTINGS_TUNE = "pricelist_dynamic_settings_tune"
    RESUME = "resume"
    SET_PARAM = "setparam"
    STAT = "stat"
    SUSPEND = "suspend"


class ProcessingModule:
    """Derived from by a module, which registers its functions."""

    def __init__(self, itemtypes: Sequence[str]) -> None:
        self._functions: dict[str, Callable[..., None]] = {}
        self._parser = argparse.ArgumentParser()
        self.add_argument("--command", required=True)
        for name in ("item", "module", "runningoperation"):
            self.add_argument(f"--{name}", type=int)

    def add_argument(self, *names: str, **options: Any) -> None:
        """One more argument, as argparse has them."""
        self._parser.add_argument(*names, **options)

    def set_description(self, text: str) -> None:
        """What the module is."""
        self._parser.description = text

    def _add_callable_feature(self, feature: Feature, function: Callable[..., None]) -> None:
        self._functions[feature.value] = function

    def _add_feature(self, feature: Feature) -> None:
        """One without a function."""

    def _on_raise_exception(self, args: argparse.Namespace, err: XmlException) -> None:
        """Tell BILLmanager, which is none here."""

    def run(self) -> None:
        """Call the function of the command with the arguments that it names. Ends with status 1 when it fails."""
        arguments = self._parser.parse_args()
        function = self._functions[arguments.command]
        values = vars(arguments)
        try:
            function(**{name: values[name] for name in inspect.signature(function).parameters})
        except XmlException as error:
            self._on_raise_exception(arguments, error)
            sys.exit(1)
