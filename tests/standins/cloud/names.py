# SPDX-License-Identifier: GPL-3.0-or-later
"""Nextcloud's rules for the ids of accounts and groups."""

from __future__ import annotations

import hashlib
import re

_BAD_ID_CHARACTERS = re.compile(r"[^a-zA-Z0-9 _.@\-']")
_ID_CHARACTERS_MESSAGE = (
    'Only the following characters are allowed in an Login: "a-z", "A-Z", "0-9", spaces and "_.@-\'"'
)
_MAX_ID = 64
MAX_GROUP = 255


class NameRefused(Exception):
    """The id of a new account breaks a rule; the text is Nextcloud's."""


def check_id(account_id: str) -> None:
    """Nextcloud's rules for ids, in its order. Raises NameRefused."""
    if _BAD_ID_CHARACTERS.search(account_id):
        raise NameRefused(_ID_CHARACTERS_MESSAGE)
    if not account_id.strip():
        raise NameRefused("A valid Login must be provided")
    if account_id.strip() != account_id:
        raise NameRefused("Login contains whitespace at the beginning or at the end")
    if account_id in (".", ".."):
        raise NameRefused("Login must not consist of dots only")
    if len(account_id) > _MAX_ID:
        raise NameRefused("Login is too long")


def group_id(name: str) -> str:
    """The id of a group made with that name: of more than 64 characters only the SHA-256 sum is kept."""
    return hashlib.sha256(name.encode()).hexdigest() if len(name) > _MAX_ID else name
