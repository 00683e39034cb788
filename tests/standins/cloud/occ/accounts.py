# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of Nextcloud that make, change and remove accounts."""

from __future__ import annotations

from collections.abc import Callable

from standins.cloud import passwords
from standins.cloud.account import Account
from standins.cloud.app_config import AppConfig
from standins.cloud.mails import MailFailed
from standins.cloud.names import MAX_GROUP, NameRefused, group_id
from standins.cloud.occ.command import Run
from standins.cloud.occ.console import Input, ServerError
from standins.cloud.occ.preferences import Preferences
from standins.cloud.request import EMAIL
from standins.cloud.state import Group

_MAX_DISPLAY_NAME = 64
_UNKNOWN = "User does not exist"


def env_password(run: Run, question: str, needed: str) -> str | None:
    """The password of OC_PASS; None, after a line that says so, when there is none.

    question: what is asked without --no-interaction; nobody ever answers. needed: what is told with it.
    """
    if run.input.has("password-from-env"):
        if password := run.environment.get("OC_PASS"):
            return password
        run.out.line("--password-from-env given, but OC_PASS is empty!")
    elif run.interactive:
        run.ask(question)
    else:
        run.out.line(needed)
    return None


def rename(account: Account, name: str) -> bool:
    """Set the display name; False when nothing changes. Raises ServerError for one that is too long."""
    name = name.strip()
    if not account.backend.set_display_name or not name or name == account.display_name:
        return False
    if len(name) > _MAX_DISPLAY_NAME:
        raise ServerError("Invalid displayname", "In Database.php line 229:")
    account.chosen_name = name
    return True


def new_group(run: Run, name: str) -> Group | None:
    """Make a group as Nextcloud does; None when there is none under that name afterwards."""
    if not name:
        return None
    if len(name) > MAX_GROUP:
        raise ServerError(f"Group name is limited to {MAX_GROUP} characters", "In Manager.php line 241:")
    identifier = group_id(name)
    run.cloud.groups.setdefault(identifier, Group(identifier, name))
    return run.cloud.groups.get(name)


def add(run: Run) -> int:
    """user:add."""
    account_id, out = run.input.argument("uid"), run.out
    if run.cloud.find(account_id):
        return out.fail(f'The {run.words.account.lower()} "{account_id}" already exists.')
    if run.input.has("generate-password") and not run.input.has("password-from-env"):
        password: str | None = passwords.generate(run.cloud.config)
    else:
        password = env_password(run, "Enter password: ", run.words.no_password)
    if password is None:
        return 1
    try:
        account = run.cloud.create(account_id, password)
    except (NameRefused, passwords.PasswordRefused) as error:
        return out.fail(_in_words_of(run, str(error)))
    out.line(f'The {run.words.account.lower()} "{account.id}" was created successfully')
    if name := run.input.option("display-name"):
        rename(account, name)
        run.cloud.forget_searches()
        out.line(f'Display name set to "{account.display_name}"')
    for wanted in run.input.options.get("group", []):
        _join(run, account, wanted or "")
    return _set_email(run, account, run.input.option("email"))


def _in_words_of(run: Run, refusal: str) -> str:
    """Refusals of ids as older releases word them."""
    if run.words.account == "Account":
        return refusal
    return refusal.replace('an Login: "a-z", "A-Z", "0-9", spaces and', 'a username: "a-z", "A-Z", "0-9", and')


def _join(run: Run, account: Account, name: str) -> None:
    group = run.cloud.groups.get(name)
    if group is None:
        group = new_group(run, name)
        if group is None:
            return
        run.out.line(f'Created group "{group.id}"')
    group.members.add(account.id)
    run.out.line(f'{run.words.account} "{account.id}" added to group "{group.id}"')


def _set_email(run: Run, account: Account, email: str | None) -> int:
    if not email:
        return 0
    if not EMAIL.fullmatch(email):
        return run.out.fail(f'The given email address "{email}" is invalid. Email not set for the user.')
    account.email = email
    run.cloud.forget_searches()
    if run.cloud.config.email_sent:
        account.invited = True
        try:
            run.cloud.mails.send_welcome(account.id, email, with_link=True)
        except MailFailed:
            run.out.line(f"Unable to send the welcome email to {email}")
        else:
            run.out.line(f"Welcome email sent to {email}")
    return 0


def delete(run: Run) -> int:
    """user:delete. One that does not exist is no error."""
    account = run.account("uid")
    if account is None:
        return run.out.fail(_UNKNOWN, 0)
    if not account.backend.delete:
        return run.out.fail("The specified user could not be deleted. Please check the logs.")
    run.cloud.delete(account)
    run.out.line("The specified user was deleted")
    return 0


def _switch(run: Run, enabled: bool) -> int:
    account = run.account("uid")
    if account is None:
        return run.out.fail(_UNKNOWN, run.words.unknown_status)
    Preferences(account).set("core", "enabled", "true" if enabled else "false")
    run.out.line(f"The specified user is {'enabled' if enabled else 'disabled'}")
    return 0


def disable(run: Run) -> int:
    """user:disable. Repeats are fine."""
    return _switch(run, enabled=False)


def enable(run: Run) -> int:
    """user:enable. Repeats are fine."""
    return _switch(run, enabled=True)


def reset_password(run: Run) -> int:
    """user:resetpassword."""
    return reset_checked(run, passwords.check)


def reset_checked(run: Run, check: Callable[[AppConfig, str], None]) -> int:
    """Set a new password. check: raises PasswordRefused for one that is told to be too weak."""
    account, name = run.account("user"), run.input.argument("user")
    if account is None:
        return run.out.fail(_UNKNOWN)
    needed = "Interactive input or --password-from-env is needed for entering a new password!"
    password = env_password(run, "Enter a new password: ", needed)
    if password is None:
        return 1
    if not account.backend.set_password:
        return run.out.fail("Error while resetting password!")
    try:
        check(run.cloud.config, password)
    except passwords.PasswordRefused as error:
        return run.out.fail(str(error))
    account.password = password
    run.out.line(f"Successfully reset password for {name}")
    return 0


def welcome(run: Run) -> int:
    """user:welcome."""
    account = run.account("user")
    if account is None:
        return run.out.fail(_UNKNOWN)
    if not account.email:
        return run.out.fail("User does not have an email address")
    try:
        run.cloud.mails.send_welcome(account.id, account.email, with_link=run.input.has("reset-password"))
    except MailFailed:
        return run.out.fail("Failed to send email: the mail server does not take it")
    return 0


def setting(run: Run) -> int:
    """user:setting. What is set for an account that does not exist (--ignore-missing-user) is lost here."""
    given, out, account = run.input, run.out, run.account("uid")
    app, key, value_given = given.argument("app"), given.argument("key"), "value" in given.arguments
    if account is None and not given.has("ignore-missing-user"):
        return out.fail(run.words.missing_user.format(name=given.argument("uid")))
    refusal = setting_refusal(given, value_given=value_given, value_is="value argument")
    if refusal:
        return out.fail(refusal)
    name = account.id if account else given.argument("uid")
    preferences = Preferences(account) if account else None
    if not key:
        shown = preferences.all() if preferences else {}
        if app:
            shown = {app: shown[app]} if app in shown else {}
        if account and run.words.names_are_settings:
            shown.setdefault("settings", {})["display_name"] = account.display_name
        out.array(shown)
        return 0
    value = preferences.get(app, key) if preferences else None
    missing = f'The setting does not exist for user "{name}".'
    if value_given:
        if given.has("update-only") and value is None:
            return out.fail(missing)
        return _set(run, account, app, key, given.argument("value"))
    if given.has("delete"):
        if given.has("error-if-not-exists") and value is None:
            return out.fail(missing)
        return _unset(run, account, app, key)
    if value is None and given.has("default-value"):
        value = given.option("default-value")
    elif value is None and account and run.words.names_are_settings and (app, key) == ("settings", "display_name"):
        value = account.display_name
    if value is None:
        return out.fail(missing)
    out.line(value)
    return 0


def _set(run: Run, account: Account | None, app: str, key: str, value: str) -> int:
    if account is None:
        return 0
    if run.words.names_are_settings and (app, key) == ("settings", "display_name"):
        if rename(account, value):
            run.cloud.forget_searches()
            return 0
        if value == account.display_name:
            return run.out.fail("New and old display name are the same")
        return run.out.fail("Could not set display name" if value else "New display name can't be empty")
    Preferences(account).set(app, key, value)
    run.cloud.forget_searches()
    return 0


def _unset(run: Run, account: Account | None, app: str, key: str) -> int:
    if account is None:
        return 0
    if run.words.names_are_settings and (app, key) == ("settings", "display_name"):
        return run.out.fail("Display name can't be deleted.")
    Preferences(account).delete(app, key)
    run.cloud.forget_searches()
    return 0


def setting_refusal(given: Input, *, value_given: bool, value_is: str) -> str | None:
    """What is wrong with the arguments of user:setting (`checkInput`); None: nothing. value_is: what the new value is
    called."""
    key, delete_it, default = given.argument("key"), given.has("delete"), given.has("default-value")
    if not key and default:
        return 'The "default-value" option can only be used when specifying a key.'
    if not key and value_given:
        return f"The {value_is} can only be used when specifying a key."
    if value_given and default:
        return f'The {value_is} can not be used together with "default-value".'
    if given.has("update-only") and not value_given:
        return 'The "update-only" option can only be used together with "value".'
    if not key and delete_it:
        return 'The "delete" option can only be used when specifying a key.'
    if delete_it and default:
        return 'The "delete" option can not be used together with "default-value".'
    if delete_it and value_given:
        return 'The "delete" option can not be used together with "value".'
    if given.has("error-if-not-exists") and not delete_it:
        return 'The "error-if-not-exists" option can only be used together with "delete".'
    return None
