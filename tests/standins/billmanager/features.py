# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a module's answer to `features` against its descriptor. Its shape was checked when it came (`shapes.rng`)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Set

from .descriptor import Descriptor
from .errors import PanelError
from .run import Run


def check_features(run: Run, descriptor: Descriptor, item_types: Set[str]) -> None:
    """`PanelError` features, naming all faults, unless `run` answered what BILLmanager understands.

    That is `doc/itemtypes/itemtype@name` (types that exist in `item_types` and in the descriptor),
    `doc/params/param@name` (the same names as the inputs of the connection form) and `doc/features/feature@name`.
    """
    if not run.ok or not run.stdout.strip():
        reason = run.malformed or (run.error and run.error.type) or "it answers nothing"
        raise PanelError("features", f"exit code {run.exit_code}, {reason}; stderr: {run.stderr.strip()[-300:]}")
    document = ET.fromstring(run.stdout.strip())
    faults: list[str] = []
    types = _names(document, "itemtypes/itemtype", faults)
    params = _names(document, "params/param", faults) | _names(document, "params/customparam", faults)
    _names(document, "features/feature", faults)
    if types - item_types:
        faults.append(f"item types that BILLmanager does not know: {_list(types - item_types)}")
    if types ^ descriptor.item_types():
        faults.append(f"item types only in one of features and descriptor: {_list(types ^ descriptor.item_types())}")
    if params ^ descriptor.connection_fields():
        faults.append(f"params only in one of features and form: {_list(params ^ descriptor.connection_fields())}")
    if faults:
        raise PanelError("features", "; ".join(faults))


def _names(document: ET.Element, path: str, faults: list[str]) -> set[str]:
    names = [str(element.get("name")) for element in document.iterfind(path)]
    if len(set(names)) != len(names):
        faults.append(f"{path} named twice")
    return set(names)


def _list(names: Set[str]) -> str:
    return ", ".join(sorted(names))
