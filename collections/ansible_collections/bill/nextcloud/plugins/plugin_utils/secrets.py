# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping secrets out of words.

Results are built of fields that never hold a secret. Only free text could: what a cloud says in a refusal, or what
Ansible says of a wrong argument. Names and other data are not touched: a password may well be a part of a name.
"""

from __future__ import annotations

import typing as t

MASK = "********"
_OPTIONS = ("api_password", "api_token", "password")
_SHORTEST = 4  # masking shorter ones would only show where they are


def of_arguments(arguments: t.Mapping[str, t.Any]) -> frozenset[str]:
    """Collect the secrets of the task's arguments, which need not be valid yet."""
    found = [arguments.get(option) for option in _OPTIONS]
    passwords = arguments.get("passwords")
    if isinstance(passwords, t.Mapping):
        found += passwords.values()
    elif passwords is not None:
        found.append(passwords)
    accounts = arguments.get("accounts")
    for account in accounts if isinstance(accounts, t.Sequence) else ():
        if isinstance(account, t.Mapping):
            found.append(account.get("password"))
    return frozenset(str(value) for value in found if value is not None and len(str(value)) >= _SHORTEST)


def of_wrong_type(arguments: t.Mapping[str, t.Any]) -> list[str]:
    """Return the options for secrets that hold a list or a dictionary, which Ansible would make text of."""
    found = {option: arguments.get(option) for option in _OPTIONS}
    accounts = arguments.get("accounts")
    for account in accounts if isinstance(accounts, list) else ():
        if isinstance(account, t.Mapping):
            found["password of account {}".format(account.get("name"))] = account.get("password")
    passwords = arguments.get("passwords")
    if isinstance(passwords, t.Mapping):
        found.update((f"passwords of account {name}", value) for name, value in passwords.items())
    return [option for option, value in found.items() if isinstance(value, (t.Mapping, list, tuple, bool))]


class Masker:
    """Takes secrets out of texts, in a time that does not grow with their number: a task may have 100,000.

    :param secrets: those of :func:`of_arguments`.
    """

    def __init__(self, secrets: t.Iterable[str]) -> None:
        self._secrets = frozenset(secrets)
        self._lengths: dict[str, set[int]] = {}
        """By how secrets begin."""
        for secret in self._secrets:
            self._lengths.setdefault(secret[:_SHORTEST], set()).add(len(secret))

    def masked(self, text: str) -> str:
        """Return the text without the secrets; what several of them cover together is masked as one."""
        parts: list[str] = []
        shown = masked = 0  # up to where the text was looked at, and up to where it is covered
        for start in range(len(text) - _SHORTEST + 1):
            for length in self._lengths.get(text[start : start + _SHORTEST], ()):
                end = start + length
                if text[start:end] not in self._secrets:
                    continue
                if start >= masked:
                    parts += [text[shown:start], MASK]
                masked = shown = max(masked, end)
        return "".join([*parts, text[shown:]])

    def mask_words(self, value: t.Any) -> None:
        """Mask secrets in the words of a result (messages and warnings), in place and at any depth."""
        if isinstance(value, dict):
            for key, item in value.items():
                if key in ("message", "detail", "msg") and isinstance(item, str):
                    value[key] = self.masked(item)
                elif key in ("messages", "warnings") and isinstance(item, list):
                    value[key] = [self.masked(text) for text in item]
                else:
                    self.mask_words(item)
        elif isinstance(value, list):
            for item in value:
                self.mask_words(item)
