# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module raises for people."""

from __future__ import annotations

import xml.etree.ElementTree as ET


class XmlException(Exception):
    """An error with a type, which BILLmanager's messages are found by."""

    def __init__(self, err_type: str, err_object: str = "", err_value: str = "") -> None:
        self.err_type, self.err_object, self.err_value = err_type, err_object, err_value
        super().__init__(f"{err_type} {err_object} {err_value}".strip())

    def as_xml(self) -> str:
        """The document that a module prints."""
        document = ET.Element("doc")
        attributes = {"type": self.err_type, "object": self.err_object, "value": self.err_value}
        ET.SubElement(document, "error", attributes)
        return ET.tostring(document, encoding="unicode")
