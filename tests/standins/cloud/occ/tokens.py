# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of Nextcloud for app passwords and second factors. Sessions, which a real server lists as well, are left
out."""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime
from typing import Any

from standins.cloud.account import AppPassword
from standins.cloud.occ.command import Run
from standins.cloud.occ.console import ConsoleError, ServerError
from standins.cloud.occ.shown import atom
from standins.cloud.php import integer

_PERMANENT = 1
_LENGTH = 72
_LIMITED = (
    "No password provided. The generated app password will therefore have limited capabilities. Any operation that "
    "requires the login password will fail."
)
# Those of the apps that a new server has enabled; for no other provider it is known whether a command may disable it.
_PROVIDERS = ("backup_codes", "totp")


def add(run: Run) -> int:
    """user:auth-tokens:add. Its password is that of NC_PASS only."""
    account = run.account("user")
    if account is None:
        return run.out.fail("Account does not exist")
    if run.input.has("password-from-env"):
        if not run.environment.get("NC_PASS"):
            return run.out.fail("--password-from-env given, but NC_PASS is empty!")
    else:
        if run.interactive:
            run.ask("Enter the account password: ")
        run.out.line(_LIMITED)
    letters = string.ascii_letters + string.digits
    password = "".join(secrets.choice(letters) for _ in range(_LENGTH))
    run.cloud.add_app_password(account, password, "cli")
    run.out.line("app password:")
    run.out.line(password)
    return 0


def _token(run: Run, token: AppPassword) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": token.id, "name": token.name}
    if run.input.option("output", "plain") == "plain":
        return shown | {"lastActivity": atom(token.last_activity), "type": "permanent", "scope": "filesystem"}
    return shown | {"lastActivity": token.last_activity, "type": _PERMANENT, "scope": {"filesystem": True}}


def list_tokens(run: Run) -> int:
    """user:auth-tokens:list."""
    account = run.account("user")
    if account is None:
        return run.out.fail("user not found")
    run.out.records([_token(run, token) for token in account.app_passwords.values()])
    return 0


def delete(run: Run) -> int:
    """user:auth-tokens:delete. Of another account's token, and of an account that does not exist, nothing is said."""
    account, token = run.account("uid"), integer(run.input.argument("id"))
    before = run.input.option("last-used-before")
    if before and token:
        raise ConsoleError("Option --last-used-before cannot be used with [<id>]")
    if not before and not token:
        raise ConsoleError("Not enough arguments. Specify the token <id> or use the --last-used-before option.")
    limit = _moment(before) if before else 0
    if token and not any(one.id == token for owner in run.cloud.accounts() for one in owner.app_passwords.values()):
        raise ServerError("token does not exist", "In PublicKeyTokenMapper.php line 103:")
    if account is not None:
        account.app_passwords = {
            password: one
            for password, one in account.app_passwords.items()
            if (one.last_activity >= limit if before else one.id != token)
        }
    return 0


def _moment(text: str) -> int:
    """Seconds since 1970, an ISO 8601 time or a date."""
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        formats = 'ISO8601 (w/o fractions), "YYYY-MM-DD" and Unix time in seconds.'
        raise ConsoleError(f"Invalid date format. Acceptable formats are: {formats}") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def factor_state(run: Run) -> int:
    """twofactorauth:state."""
    name, account = run.input.argument("uid"), run.account("uid")
    if account is None:
        return run.out.fail("Invalid UID")
    enabled = [provider for provider, on in account.second_factors.items() if on]
    disabled = [provider for provider, on in account.second_factors.items() if not on]
    run.out.line(f"Two-factor authentication is {'' if enabled else 'not '}enabled for user {name}")
    run.out.line()
    for title, providers in (("Enabled providers", enabled), ("Disabled providers", disabled)):
        if providers:
            run.out.line(f"{title}:")
        for provider in providers:
            run.out.line(f"- {provider}")
    return 0


def factor_disable(run: Run) -> int:
    """twofactorauth:disable. It can be repeated."""
    name, account, provider = run.input.argument("uid"), run.account("uid"), run.input.argument("provider_id")
    if account is None:
        return run.out.fail("Invalid UID")
    if provider not in _PROVIDERS and provider not in account.second_factors:
        raise ServerError(f"The provider '{provider}' does not exist'", "In ProviderManager.php line 34:")
    account.second_factors[provider] = False
    run.out.line(f"Two-factor provider {provider} disabled for user {name}.")
    return 0


def factor_enforce(run: Run) -> int:
    """twofactorauth:enforce. It is noted only: whoever logs in here needs no second factor."""
    system = run.machine.system
    if run.input.has("on") or run.input.has("off"):
        lists = [[group for group in run.input.options.get(name, []) if group] for name in ("group", "exclude")]
        groups, excluded = lists if run.input.has("on") else ([], [])
        system["twofactor_enforced"] = "true" if run.input.has("on") else "false"
        system["twofactor_enforced_groups"], system["twofactor_enforced_excluded_groups"] = groups, excluded
    if system.get("twofactor_enforced") != "true":
        run.out.line("Two-factor authentication is not enforced")
        return 0
    groups, excluded = system["twofactor_enforced_groups"], system["twofactor_enforced_excluded_groups"]
    whom = f"members of the group(s) {', '.join(groups)}" if groups else "all users"
    but = f", except members of {', '.join(excluded)}" if excluded else ""
    run.out.line(f"Two-factor authentication is enforced for {whom}{but}")
    return 0
