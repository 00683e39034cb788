# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a call of the module: texts, as on its command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bill_nextcloud.errors import BadRequest
from bill_nextcloud.record.tables import MOST


def number(call: Mapping[str, Any], name: str, *, required: bool) -> int | None:
    """The option ``name`` as a positive number, ``None`` when it is missing, empty or 0 and not ``required``.

    Raises :class:`BadRequest` for everything but decimal digits of a sensible length.
    """
    given = call.get(name)
    if given in (None, "", "0") and not required:
        return None
    if not isinstance(given, str) or not given.isascii() or not given.isdigit() or not 0 < int(given[:19]) <= MOST:
        raise BadRequest(detail=f"--{name} must be a number, not {str(given)[:32]!r}")
    return int(given)
