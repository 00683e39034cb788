# SPDX-License-Identifier: GPL-3.0-or-later
"""The password policy: app password_policy with its settings, as far as it needs no service on the internet."""

from __future__ import annotations

import re
import secrets
import string
from typing import Any

from standins.cloud.app_config import AppConfig
from standins.cloud.ocs import OcsError
from standins.cloud.php import integer
from standins.cloud.release import Release

_APP = "password_policy"
_COMMON_PASSWORDS = frozenset(
    (
        "1234567890",
        "1q2w3e4r5t",
        "qwertyuiop",
        "password123",
        "passwordpassword",
        "1234567890qwerty",
        "1qaz2wsx3edc4rfv",
    )
)


class PasswordRefused(Exception):
    """The password policy says no; the text is Nextcloud's hint."""


def check_length(release: Release, password: str) -> None:
    """Refuse a password that is longer than the release takes (101)."""
    if release.max_password is not None and len(password.encode()) > release.max_password:
        raise OcsError(101, "Invalid password value")


def policy(config: AppConfig) -> dict[str, Any]:
    """The policy as the capabilities show it."""
    return {
        "minLength": max(0, integer(config.get(_APP, "minLength", str(config.release.min_password)))),
        "enforceNonCommonPassword": config.flag(_APP, "enforceNonCommonPassword", "1"),
        "enforceNumericCharacters": config.flag(_APP, "enforceNumericCharacters", "0"),
        "enforceSpecialCharacters": config.flag(_APP, "enforceSpecialCharacters", "0"),
        "enforceUpperLowerCase": config.flag(_APP, "enforceUpperLowerCase", "0"),
    }


def check(config: AppConfig, password: str) -> None:
    """Raise PasswordRefused with all hints, in the order of the real server."""
    rules = policy(config)
    hints = []
    if rules["enforceNonCommonPassword"] and password.lower() in _COMMON_PASSWORDS:
        hints.append("Password is among the 1,000,000 most common ones. Please make it unique.")
    if len(password.encode()) < rules["minLength"]:
        hints.append(config.release.short_hint.format(length=rules["minLength"]))
    if rules["enforceNumericCharacters"] and not re.search("[0-9]", password):
        hints.append("Password needs to contain at least one numeric character.")
    if rules["enforceUpperLowerCase"] and not (re.search("[a-z]", password) and re.search("[A-Z]", password)):
        hints.append("Password needs to contain at least one lower and one upper case character.")
    if rules["enforceSpecialCharacters"] and re.fullmatch("[A-Za-z0-9]+", password):
        hints.append("Password needs to contain at least one special character.")
    if hints:
        raise PasswordRefused(" ".join(hints))


def generate(config: AppConfig) -> str:
    """A password that satisfies every policy."""
    length = max(16, policy(config)["minLength"])
    letters = string.ascii_letters + string.digits
    return "aA1!" + "".join(secrets.choice(letters) for _ in range(length - 4))
