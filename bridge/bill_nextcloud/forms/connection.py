# SPDX-License-Identifier: GPL-3.0-or-later
"""``tune_connection``: the connection form while it is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bill_nextcloud.billmanager.form import parse


def tune_connection(call: Mapping[str, Any]) -> str:
    """The form ``call["document"]`` as it came, to the letter: its secrets too, which go nowhere else.

    No field of it has a list, so there is nothing to add, and the cloud is not asked: a form that is half filled in
    would log in with half a password, step by step, until the cloud locks this address. Whether the values are right is
    asked of ``check_connection``. So nothing of the cloud, of BILLmanager or of a module that does not exist yet can
    block the form. Raises ``BadRequest`` when there is none.
    """
    document = call.get("document")
    parse(document)
    return str(document)
