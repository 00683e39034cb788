# SPDX-License-Identifier: GPL-3.0-or-later
"""ownCloud's app password_policy, which has to be enabled (key `enabled`): length, capitals and figures."""

from __future__ import annotations

from typing import Any

from standins.cloud.app_config import AppConfig
from standins.cloud.passwords import PasswordRefused
from standins.cloud.php import integer

APP = "password_policy"


def _least(config: AppConfig, rule: str) -> int | None:
    """The number that a rule asks for; None when it is off."""
    if config.get(APP, f"spv_{rule}_checked") != "on":
        return None
    return integer(config.get(APP, f"spv_{rule}_value", "8" if rule == "min_chars" else "1"))


def check(config: AppConfig, password: str) -> None:
    """Raise PasswordRefused with the first rule that is broken. The words on figures are from the app's source
    (lib/Rules/Numbers.php)."""
    if not config.flag(APP, "enabled", "no"):
        return
    shortest = _least(config, "min_chars")
    if shortest and len(password) < shortest:
        raise PasswordRefused(f"The password is too short. At least {shortest} characters are required.")
    counts = (
        ("uppercase", "uppercase letter", sum(character.isupper() for character in password)),
        ("numbers", "number", sum(character.isdigit() for character in password)),
    )
    for rule, name, have in counts:
        least = _least(config, rule)
        if least and have < least:
            wanted = f"one {name} is" if least == 1 else f"{least} {name}s are"
            raise PasswordRefused(f"The password contains too few {name}s. At least {wanted} required.")


def requirements(config: AppConfig) -> dict[str, Any]:
    """What the capabilities tell of it; empty when it is not enabled."""
    if not config.flag(APP, "enabled", "no"):
        return {}
    rules: dict[str, dict[str, Any]] = {
        "lower_case": {"generate_from": {"characters": "abcdefghijklmnopqrstuvwxyz"}},
        "upper_case": {"generate_from": {"characters": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}},
        "numbers": {"generate_from": {"characters": "1234567890"}},
        "special_characters": {"generate_from": {"any": True}},
    }
    for rule, shown in (("uppercase", "upper_case"), ("numbers", "numbers")):
        least = _least(config, rule)
        if least is not None:
            rules[shown]["minimum"] = least
    told: dict[str, Any] = {"configuration": rules}
    shortest = _least(config, "min_chars")
    if shortest is not None:
        told["minimum_characters"] = shortest
    return {"password_policy": {"password_requirements": told}}
