# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a module's descriptor (etc/xml/billmgr_mod_pm<name>.xml): connection fields and the texts of errors."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from . import shapes
from .errors import PanelError

PLACEHOLDER = re.compile(r"__([A-Za-z0-9]+(?:_[A-Za-z0-9]+)*)__")


class Descriptor:
    """One parsed descriptor. `PanelError` descriptor when it is not of the shape of one, or not that of `module`."""

    def __init__(self, path: Path, module: str) -> None:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise PanelError("descriptor", f"{path}: {error}") from error
        fault = shapes.fault(content, "descriptor")
        if fault:
            raise PanelError("descriptor", f"{path} is {fault}")
        self._root = ET.fromstring(content)
        self._module = module
        names = [plugin.get("name") for plugin in self._root.findall("plugin")]
        if names != [module]:
            raise PanelError("descriptor", f"{path} does not describe {module} (mgrdata/plugin@name: {names})")

    def connection_fields(self) -> set[str]:
        """Names of all inputs and selects of the connection form."""
        form = self._root.find(f"metadata[@name='processing.edit.{self._module}']")
        if form is None:
            return set()
        return {str(tag.get("name")) for kind in ("input", "select", "textarea") for tag in form.iter(kind)}

    def item_types(self) -> set[str]:
        """Item types the descriptor names (plugin/params/type@name)."""
        return {str(tag.get("name")) for tag in self._root.iterfind("plugin/params/type")}

    def message(self, language: str, name: str) -> str | None:
        """The text `name` of the error messages in `language`; None when the descriptor has none."""
        found = self._root.find(f"lang[@name='{language}']/messages[@name='msgerror']/msg[@name='{name}']")
        return None if found is None else "".join(found.itertext()).strip()

    def render(self, language: str, type_: str, params: dict[str, str]) -> str:
        """What the panel shows for an error of `type_`: msg_error_<type> with its `__name__` filled from `params`.

        A missing text is shown as its key, and a placeholder without a parameter stays, so that both are seen.
        """
        key = f"msg_error_{type_}"
        text = self.message(language, key)
        if text is None:
            return key
        return PLACEHOLDER.sub(lambda match: params.get(match.group(1), match.group(0)), text)
