# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What occ can do to an account of a Nextcloud beyond making it what it should be, against scripted answers."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit.running import NAME
from ansible_collections.bill.nextcloud.tests.unit.running_nextcloud_occ import (
    opened,
    refusal,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, printed, thrown


def token(number: int, kind: int = 1) -> dict[str, t.Any]:
    """An app password, or a session."""
    return {"id": number, "name": "cli", "lastActivity": 1795842181, "type": kind, "scope": {"filesystem": True}}


def expect_tokens(occ: ScriptedOcc, *tokens: dict[str, t.Any]) -> None:
    """The app passwords and sessions of the account are listed."""
    occ.expect_read("user:auth-tokens:list", "--output=json", "--", NAME, said=printed(list(tokens)))


def expect_factors(occ: ScriptedOcc, *enabled: str) -> None:
    """The state of the second factors is read."""
    shown = "".join(f"- {provider}\n" for provider in enabled)
    text = f"Enabled providers:\n{shown}" if enabled else ""
    said = Said(0, f"Two-factor authentication is ...\n\n{text}Disabled providers:\n- backup_codes\n")
    occ.expect_read("twofactorauth:state", "--", NAME, said=said)


def test_app_passwords_are_revoked(occ: ScriptedOcc) -> None:
    """Not sessions, and not the devices that are being wiped; one that is gone meanwhile is fine."""
    revoke = opened(occ).action("revoke_app_passwords")
    expect_tokens(occ, token(5), token(6, 0), token(7), token(8, 2))
    occ.expect("user:auth-tokens:delete", "--", NAME, "5")
    gone = thrown("PublicKeyTokenMapper.php", "token does not exist", "user:auth-tokens:delete <uid>")
    occ.expect("user:auth-tokens:delete", "--", NAME, "7", said=gone)
    expect_tokens(occ, token(6, 0), token(8, 2))
    revoke(NAME)
    expect_tokens(occ, token(5))
    occ.expect("user:auth-tokens:delete", "--", NAME, "5")
    expect_tokens(occ, token(5))
    error = refusal(lambda: revoke(NAME))
    assert (error.code, error.outcome_unknown) == ("not_verified", True)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (failed("user not found"), "account_missing"),
        (Said(1, "", '\n  Command "user:auth-tokens:list" is not defined.  \n'), "unsupported"),
        (printed([{"id": "x"}]), "not_an_answer"),
    ],
)
def test_app_passwords_that_cannot_be_revoked(occ: ScriptedOcc, said: Said, expected: str) -> None:
    """Before release 29, for instance."""
    occ.expect_read("user:auth-tokens:list", "--output=json", "--", NAME, said=said)
    assert refusal(lambda: opened(occ).action("revoke_app_passwords")(NAME)).code == expected


def test_second_factors_are_taken_away(occ: ScriptedOcc) -> None:
    """All that are enabled."""
    expect_factors(occ, "totp", "webauthn")
    occ.expect("twofactorauth:disable", "--", NAME, "totp")
    occ.expect("twofactorauth:disable", "--", NAME, "webauthn")
    expect_factors(occ)
    opened(occ).action("reset_second_factor")(NAME)


def test_a_second_factor_that_stays(occ: ScriptedOcc) -> None:
    """What was taken away before counts as a change; status 0 is no proof."""
    reset = opened(occ).action("reset_second_factor")
    said = Said(2, "The provider does not support this operation.\n")
    for providers in (["u2f"], ["totp", "u2f"]):
        expect_factors(occ, *providers)
        for provider in providers[:-1]:
            occ.expect("twofactorauth:disable", "--", NAME, provider)
        occ.expect("twofactorauth:disable", "--", NAME, "u2f", said=said)
        error = refusal(lambda: reset(NAME))
        assert (error.code, error.outcome_unknown) == ("unsupported", len(providers) > 1)
        assert "u2f" in error.message
    expect_factors(occ, "totp")
    occ.expect("twofactorauth:disable", "--", NAME, "totp")
    expect_factors(occ, "totp")
    assert refusal(lambda: reset(NAME)).code == "not_verified"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(), None),
        (failed("User does not exist"), "account_missing"),
        (failed("User does not have an email address"), "invalid_value"),
        (failed("Failed to send email: no server"), "server_error"),
    ],
)
def test_the_welcome_mail(occ: ScriptedOcc, said: Said, expected: str | None) -> None:
    """It is sent within the command."""
    occ.expect("user:welcome", "--", NAME, said=said)
    send = opened(occ).action("send_welcome")
    if expected is None:
        send(NAME)
    else:
        assert refusal(lambda: send(NAME)).code == expected
