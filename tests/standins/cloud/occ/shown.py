# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of Nextcloud that show accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from standins.cloud.account import Account
from standins.cloud.occ.command import Run
from standins.cloud.php import integer, percent
from standins.cloud.state import page

_LIMIT = "500"
_UNLIMITED = -3


def atom(seconds: int) -> str:
    """A time as PHP's DATE_ATOM writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _storage(run: Run, account: Account) -> dict[str, int | float] | list[Any]:
    """What the account's storage tells; nothing before the first log-in."""
    if not account.first_login:
        return []
    limit, used = account.quota_bytes, account.files.used
    disk = run.cloud.free_space
    free: int | float = (-2 if disk is None else disk) if limit < 0 else max(0, limit - used)
    total = free + used if free >= 0 else free
    if limit > 0:
        total = min(total, limit)
    relative = percent(used, total) if total > 0 else 0
    return {"free": free, "used": used, "total": total, "relative": relative, "quota": limit}


def _seen(run: Run, seconds: int) -> str:
    return "never" if run.words.seen_as_words and not seconds else atom(seconds)


def _record(run: Run, account: Account, *, storage: bool) -> dict[str, Any]:
    words = run.words
    cloud_url = run.url if words.seen_as_words else run.url.partition("://")[2]
    shown: dict[str, Any] = {
        "user_id": account.id,
        "display_name": account.display_name,
        "email": account.email or "",
        "cloud_id": f"{account.id}@{cloud_url}",
        "enabled": account.enabled,
        "groups": [group.id for group in run.cloud.groups_of(account)],
        "quota": run.cloud.config.default_quota if account.quota == "default" else account.quota,
    }
    if words.seen_as_words:
        shown |= {"storage": _storage(run, account)} if storage else {}
        shown["first_seen"] = _seen(run, account.first_login)
    shown["last_seen"] = _seen(run, account.last_login)
    return shown | {
        "user_directory": f"{run.machine.data_directory}/{account.id}",
        "backend": account.backend.name,
    }


def info(run: Run) -> int:
    """user:info."""
    account = run.account("user")
    if account is None:
        return run.out.fail("user not found")
    run.out.array(_record(run, account, storage=True))
    return 0


def list_accounts(run: Run) -> int:
    """user:list: 500 unless --limit says more."""
    limit, offset = (integer(run.input.option(name, by_default) or "") for name, by_default in _PAGE)
    found: Sequence[Account]
    if run.input.has("disabled"):
        found = page(run.cloud.disabled(""), limit, offset)
    else:
        found = run.cloud.search("", limit, offset)
        if run.words.seen_as_words:
            found = sorted(found, key=lambda account: account.display_name.lower())
    if run.input.has("info"):
        run.out.array({account.id: _record(run, account, storage=False) for account in found}, all_keys=True)
    else:
        run.out.array({account.id: account.display_name for account in found}, all_keys=run.words.seen_as_words)
    return 0


_PAGE = (("limit", _LIMIT), ("offset", "0"))


def _last_seen(run: Run, account: Account) -> str:
    if not account.last_login:
        return run.words.never_seen.format(name=account.id)
    when = datetime.fromtimestamp(account.last_login, UTC)
    return run.words.seen.format(name=account.id, when=when)


def last_seen(run: Run) -> int:
    """user:lastseen."""
    if not run.input.argument("uid"):
        if not run.input.has("all"):
            return run.out.fail('Please specify a username, or "--all" to list all')
        for one in sorted(run.cloud.accounts(), key=lambda one: one.id.lower()):
            run.out.line(_last_seen(run, one))
        return 0
    account = run.account("uid")
    if account is None:
        return run.out.fail("User does not exist", run.words.unknown_status)
    run.out.line(_last_seen(run, account))
    return 0


def report(run: Run) -> int:
    """user:report. Directories are those of accounts that logged in."""
    accounts = run.cloud.accounts()
    backends: dict[str, int] = {}
    for account in accounts:
        backends[account.backend.name] = backends.get(account.backend.name, 0) + 1
    seen = sum(account.last_login > 0 for account in accounts)
    active = [["active users", str(seen)]] if run.words.seen_as_words else []
    disabled = sum(not account.enabled for account in accounts)
    run.out.table(
        [f"{run.words.account} Report", ""],
        [
            *([name, str(count)] for name, count in backends.items()),
            [" "],
            ["total users", str(len(accounts))],
            [" "],
            ["user directories", str(seen)],
            *active,
            ["disabled users", str(disabled)],
        ],
    )
    return 0
