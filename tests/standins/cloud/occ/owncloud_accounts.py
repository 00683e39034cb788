# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of ownCloud for accounts (core/Command/User)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from standins.cloud.account import Account
from standins.cloud.app_config import AppConfig
from standins.cloud.mails import MailFailed
from standins.cloud.names import NameRefused
from standins.cloud.occ.accounts import env_password, reset_checked, setting_refusal
from standins.cloud.occ.command import Run
from standins.cloud.occ.console import ServerError
from standins.cloud.owncloud import passwords
from standins.cloud.passwords import PasswordRefused
from standins.cloud.request import EMAIL
from standins.cloud.state import Group

_UNKNOWN = "User does not exist"
_MAX_DISPLAY_NAME = 64
_DAY = 24 * 60 * 60
# Lines of lib/private/User/Manager.php in which ids and passwords are refused, by a part of the message.
_REFUSED_AT = {"Only the": 349, "valid username": 354, "whitespace": 358, "at least 3": 363, "longer": 368}
_NO_PASSWORD_AT = 382


def _refused(error: NameRefused | PasswordRefused) -> ServerError:
    """The exception that the command lets through. That of the app password_policy is from its lib/Rules/Length.php."""
    message = str(error)
    if isinstance(error, PasswordRefused):
        return ServerError(message, "In Length.php line 33:")
    line = next((line for part, line in _REFUSED_AT.items() if part in message), _NO_PASSWORD_AT)
    return ServerError(message, f"In Manager.php line {line}:")


def _rename(account: Account, name: str) -> bool:
    """Set the display name; an empty one shows the id again. False when nothing changes."""
    name = name.strip()
    if not account.backend.set_display_name or name == account.display_name:
        return False
    if len(name) > _MAX_DISPLAY_NAME:
        # The server refuses it (over the API it breaks); in which words is not known.
        raise ServerError("Invalid displayname", "In AccountMapper.php line 1:")
    account.chosen_name = name or None
    return True


def add(run: Run) -> int:
    """user:add. Passwords are held to the app password_policy only."""
    account_id, email, out = run.input.argument("uid"), run.input.option("email"), run.out
    if run.cloud.find(account_id):
        return out.fail(f'The user "{account_id}" already exists.')
    if email and not EMAIL.fullmatch(email):
        return out.fail("Invalid email address supplied")
    password = env_password(run, "Enter password: ", run.words.no_password)
    if password is None:
        return 1
    try:
        account = run.cloud.create(account_id, password)
    except (NameRefused, PasswordRefused) as error:
        raise _refused(error) from error
    out.line(f'The user "{account.id}" was created successfully')
    if name := run.input.option("display-name"):
        _rename(account, name)
        out.line(f'Display name set to "{account.display_name}"')
    if email:
        account.email = email
        out.line(f'Email address set to "{email}"')
    for wanted in run.input.options.get("group", []):
        name = wanted or ""
        if name not in run.cloud.groups:
            run.cloud.groups[name] = Group(name, name)
            out.line(f'Created group "{name}"')
        run.cloud.groups[name].members.add(account.id)
        out.line(f'User "{account.id}" added to group "{name}"')
    return 0


def delete(run: Run) -> int:
    """user:delete."""
    account, name = run.account("uid"), run.input.argument("uid")
    if account is None:
        if run.input.has("force"):
            return run.out.fail("User deleted.", 0)
        return run.out.fail(f"User with uid '{name}' does not exist")
    told = f"User with uid '{account.id}', display name '{account.display_name}', email '{account.email or ''}'"
    if not account.backend.delete:
        return run.out.fail(f"{told} could not be deleted. Please check the logs.")
    run.cloud.delete(account)
    run.out.line(f"{told} was deleted")
    return 0


def reset_password(run: Run) -> int:
    """user:resetpassword."""
    account = run.account("user")
    asks_for_link = run.input.has("send-email") or run.input.has("output-link")
    if account and asks_for_link and not run.input.has("password-from-env"):
        return _send_link(run, account)
    return reset_checked(run, _check)


def _check(config: AppConfig, password: str) -> None:
    try:
        passwords.check(config, password)
    except PasswordRefused as error:
        raise _refused(error) from error


def _send_link(run: Run, account: Account) -> int:
    if run.input.has("send-email"):
        if not account.email or not EMAIL.fullmatch(account.email):
            return run.out.fail(f"Email address is not set for the user {account.id}")
        try:
            run.cloud.mails.send_welcome(account.id, account.email, with_link=True)
        except MailFailed:
            return run.out.fail(f"Can't send new user mail to {account.email}: the mail server does not take it")
    run.out.line(f"The password reset link is: {run.url}/index.php/lostpassword/reset/form/token/{account.id}")
    return 0


def modify(run: Run) -> int:
    """user:modify: display name or e-mail address."""
    name, key, value = (run.input.argument(one) for one in ("uid", "key", "value"))
    account = run.account("uid")
    if account is None:
        return run.out.fail(f"The user {name} does not exist")
    if key == "email":
        if value and not EMAIL.fullmatch(value):
            return run.out.fail("Email address provided is invalid")
        account.email = value
        run.out.line(f"The email address of {name} updated to {value}")
        return 0
    if key == "displayname":
        if not _rename(account, value):
            return run.out.fail("Display name cannot be set")
        run.out.line(f"The displayname of {name} updated to {value}")
        return 0
    return run.out.fail("Supported keys are email, displayname" if key else "The key cannot be empty")


def _attributes(run: Run, account: Account) -> dict[str, Any]:
    return {
        "uid": account.id,
        "displayName": account.display_name,
        "email": account.email,
        "quota": account.quota,
        "enabled": account.enabled,
        "lastLogin": account.last_login,
        "creationTime": account.created,
        "home": f"{run.machine.data_directory}/{account.id}",
        "backend": account.backend.name,
        "cloudId": f"{account.id}@{run.url.partition('://')[2]}",
        "searchTerms": [],
    }


def list_accounts(run: Run) -> int:
    """user:list: all accounts whose id contains a text."""
    wanted = [name or "" for name in run.input.options.get("attributes", ["displayName"])]
    everything = run.input.has("show-all-attributes") or run.input.has("verbose")
    with_keys = len(wanted) > 1 or run.input.option("output", "plain") != "plain"
    shown: dict[str, Any] = {}
    for account in run.cloud.search(run.input.argument("search-pattern"), None, 0):
        found = _attributes(run, account)
        by_name = {name.lower(): (name, value) for name, value in found.items()}
        unknown = [name.lower() for name in wanted if name.lower() not in by_name]
        if unknown and not everything:
            raise ServerError(f"Unknown attribute {unknown[0]}", "In ListUsers.php line 166:")
        if everything:
            shown[account.id] = found
        elif with_keys:
            shown[account.id] = dict(by_name[name.lower()] for name in wanted)
        else:
            shown[account.id] = by_name[wanted[0].lower()][1]
    run.out.array(shown, all_keys=True)
    return 0


def list_groups(run: Run) -> int:
    """user:list-groups."""
    account = run.account("uid")
    if account is None:
        return run.out.fail(f"User {run.input.argument('uid')} does not exist.")
    run.out.array([group.id for group in run.cloud.groups_of(account)])
    return 0


def last_seen(run: Run) -> int:
    """user:lastseen."""
    account = run.account("uid")
    if account is None:
        return run.out.fail(_UNKNOWN)
    if not account.last_login:
        run.out.line(f"User {account.id} has never logged in.")
    else:
        when = datetime.fromtimestamp(account.last_login, UTC)
        run.out.line(f"{account.id}`s last login: {when:%d.%m.%Y %H:%M}")
    return 0


def inactive(run: Run) -> int:
    """user:inactive: accounts that logged in once, and not for so many days."""
    days = run.input.argument("days")
    if not days.isdigit() or int(days) < 1:
        raise ServerError("Days must be integer and above zero", "In Inactive.php line 64:")
    now = run.cloud.clock.now()
    found = [
        (account, int((now - account.last_login) // _DAY)) for account in run.cloud.accounts() if account.last_login
    ]
    run.out.array(
        [
            {"uid": account.id, "displayName": account.display_name, "inactiveSinceDays": past}
            for account, past in found
            if past >= int(days)
        ]
    )
    return 0


def homes(run: Run) -> int:
    """user:home:list-users: all homes are in one directory."""
    path, everybody = run.input.argument("path"), run.input.has("all")
    if everybody and path:
        return run.out.fail("--all and path option cannot be given together")
    names = [account.id for account in run.cloud.search("", None, 0)]
    if everybody:
        run.out.array({run.machine.data_directory: names})
        return 0
    if not path:
        return run.out.fail('\n\n  Not enough arguments (missing: "path").\n\n')
    run.out.array(names if run.machine.data_directory.startswith(path) else [])
    return 0


def report(run: Run) -> int:
    """user:report. Directories are those of accounts that logged in."""
    accounts = run.cloud.accounts()
    run.out.table(
        ["User Report", ""],
        [
            ["OC\\User\\Database", str(len(accounts))],
            [" "],
            ["guest users", "0"],
            [" "],
            ["total users", str(len(accounts))],
            [" "],
            ["user directories", str(sum(account.last_login > 0 for account in accounts))],
        ],
    )
    return 0


def setting(run: Run) -> int:
    """user:setting. Neither quota nor e-mail address nor display name are in these settings: they are noted, and the
    account stays as it is. What is set for an account that does not exist (--ignore-missing-user) is lost here."""
    given, out, account = run.input, run.out, run.account("uid")
    name, app, key = (given.argument(one) for one in ("uid", "app", "key"))
    if account is None and not given.has("ignore-missing-user"):
        return out.fail(f'The user "{name}" does not exist.')
    refusal = setting_refusal(given, value_given=given.has("value"), value_is='"value" option')
    if refusal:
        return out.fail(refusal)
    settings = account.preferences if account else {}
    if not key:
        out.array({app: settings[app]} if app in settings else {} if app else settings)
        return 0
    value = settings.get(app, {}).get(key)
    asked_for_old = given.has("update-only") or given.has("error-if-not-exists")
    if asked_for_old and value is None:
        return out.fail(f'The setting does not exist for user "{name}".')
    if given.has("value"):
        settings.setdefault(app, {})[key] = given.option("value") or ""
    elif given.has("delete"):
        settings.get(app, {}).pop(key, None)
        if not settings.get(app, True):
            del settings[app]
    else:
        shown = given.option("default-value") if value is None else value
        if shown is None:
            return out.fail(f'The setting does not exist for user "{name}".')
        out.line(shown)
        return 0
    if account and (app, key) == ("core", "lang"):
        account.language = given.option("value") or ""
    return 0
