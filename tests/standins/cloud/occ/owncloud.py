# SPDX-License-Identifier: GPL-3.0-or-later
"""occ of ownCloud 10.15.2: its commands, and those that are not about accounts. What is not recorded is from its source
(core/Command, tag v10.15.2)."""

from __future__ import annotations

from collections.abc import Callable

from standins.cloud.account import Account
from standins.cloud.occ import accounts, owncloud_accounts, server
from standins.cloud.occ.application import Dialect
from standins.cloud.occ.command import Command, Run, Words
from standins.cloud.occ.system_config import COMMANDS as SYSTEM_CONFIG
from standins.cloud.state import ADMIN_GROUP, Group


def _status(run: Run) -> int:
    version = "10.15.2"
    run.out.array(
        {
            "installed": True,
            "first_install_version": f"{version}.0",
            "version": f"{version}.0",
            "versionstring": version,
            "edition": "Community",
        }
    )
    return 0


def _maintenance_mode(run: Run) -> int:
    if run.input.has("on"):
        run.machine.maintenance = True
        run.out.line("Maintenance mode enabled")
        run.out.line("Please also consider to stop the web server on all ownCloud instances")
    elif run.input.has("off"):
        run.machine.maintenance = False
        run.out.line("Maintenance mode disabled")
    else:
        run.out.line(f"Maintenance mode is currently {'enabled' if run.machine.maintenance else 'disabled'}")
    return 0


def _disable_second_factor(run: Run) -> int:
    account, name = run.account("uid"), run.input.argument("uid")
    if account is None:
        return run.out.fail("Invalid UID")
    account.second_factors.clear()
    account.preferences.setdefault("core", {})["two_factor_auth_disabled"] = "1"
    run.out.line(f"Two-factor authentication disabled for user {name}")
    return 0


def _add_group(run: Run) -> int:
    name = run.input.argument("group")
    if name in run.cloud.groups:
        return run.out.fail(f'The group "{name}" already exists')
    if not name or name.strip() != name:
        return run.out.fail(f'Group "{name}" could not be created')
    run.cloud.groups[name] = Group(name, name)
    run.out.line(f'Created group "{name}"')
    return 0


def _delete_group(run: Run) -> int:
    name = run.input.argument("group")
    if name not in run.cloud.groups:
        return run.out.fail("Group does not exist")
    if name == ADMIN_GROUP:
        return run.out.fail("The specified group could not be deleted. Please check the logs.")
    del run.cloud.groups[name]
    run.out.line("The specified group was deleted")
    return 0


def _list_groups(run: Run) -> int:
    run.out.array([group.id for group in run.cloud.search_groups(run.input.argument("search-pattern"), None, 0)])
    return 0


def _each_member(run: Run, change: Callable[[Group, Account], str], unknown: str) -> int:
    """Change the group for each of --member. change: does it, and returns what to say; unknown: said of an account that
    does not exist."""
    name, status = run.input.argument("group"), 0
    group, members = run.cloud.groups.get(name), run.input.options.get("member", [])
    if group is None:
        return run.out.fail(f'Group "{name}" does not exist')
    if not members:
        return run.out.fail("No members specified")
    for member in members:
        account = run.cloud.find(member or "")
        if account is None:
            status = run.out.fail(unknown.format(member=member, group=group.id))
        else:
            run.out.line(change(group, account))
    return status


def _add_member(group: Group, account: Account) -> str:
    if account.id in group.members:
        return f'User "{account.id}" is already a member of group "{group.id}"'
    group.members.add(account.id)
    return f'User "{account.id}" added to group "{group.id}"'


def _remove_member(group: Group, account: Account) -> str:
    if account.id not in group.members:
        return f'Member "{account.id}" could not be found in group "{group.id}"'
    group.members.discard(account.id)
    return f'Member "{account.id}" removed from group "{group.id}"'


def _add_members(run: Run) -> int:
    return _each_member(run, _add_member, 'User "{member}" could not be found - not added to group "{group}"')


def _remove_members(run: Run) -> int:
    return _each_member(run, _remove_member, 'Member "{member}" does not exist - not removed from group "{group}"')


def _list_members(run: Run) -> int:
    name = run.input.argument("group")
    if name not in run.cloud.groups:
        return run.out.fail(f"Group {name} does not exist")
    members = run.cloud.members(run.cloud.groups[name])
    run.out.array({account.id: account.display_name for account in members if not account.gone}, all_keys=True)
    return 0


def _set_app_config(run: Run) -> int:
    app, key, value = run.input.argument("app"), run.input.argument("name"), run.input.option("value") or ""
    for name, what in ((app, "App"), (key, "Config")):
        if not name:
            return run.out.fail(f"{what} name must not be empty.")
    if run.input.has("update-only") and key not in run.cloud.config.keys(app):
        return run.out.fail(f"Config value {key} for app {app} not updated, as it has not been set before.")
    run.cloud.config.set(app, key, value)
    run.out.line(f"Config value {key} for app {app} set to {value}")
    return 0


OWNCLOUD = Dialect(
    version="ownCloud 10.15.2",
    full_version="10.15.2.0",
    commands=(
        Command(
            "config:app:delete [--output [OUTPUT]] [--error-if-not-exists] [--] <app> <name>",
            server.delete_app_config,
        ),
        Command(
            "config:app:get [--output [OUTPUT]] [--default-value [DEFAULT-VALUE]] [--] <app> <name>",
            server.get_app_config,
        ),
        Command(
            "config:app:set [--output [OUTPUT]] [--value VALUE] [--update-only] [--] <app> <name>", _set_app_config
        ),
        *SYSTEM_CONFIG,
        Command("group:add <group>", _add_group),
        Command("group:add-member [-m|--member [MEMBER]] [--] <group>", _add_members),
        Command("group:delete <group>", _delete_group),
        Command("group:list [--output [OUTPUT]] [--] [<search-pattern>]", _list_groups),
        Command("group:list-members [--output [OUTPUT]] [--] <group>", _list_members),
        Command("group:remove-member [-m|--member [MEMBER]] [--] <group>", _remove_members),
        Command("maintenance:mode [--on] [--off]", _maintenance_mode),
        Command("status [--output [OUTPUT]]", _status),
        Command("twofactorauth:disable [--output [OUTPUT]] [--] <uid>", _disable_second_factor),
        Command(
            "user:add [--password-from-env] [--display-name [DISPLAY-NAME]] [--email [EMAIL]] [-g|--group [GROUP]] "
            "[--] <uid>",
            owncloud_accounts.add,
        ),
        Command("user:delete [-f|--force] [--] <uid>", owncloud_accounts.delete),
        Command("user:disable <uid>", accounts.disable),
        Command("user:enable <uid>", accounts.enable),
        Command("user:home:list-users [--output [OUTPUT]] [--all] [--] [<path>]", owncloud_accounts.homes),
        Command("user:inactive [--output [OUTPUT]] [--] <days>", owncloud_accounts.inactive),
        Command("user:lastseen <uid>", owncloud_accounts.last_seen),
        Command(
            "user:list [--output [OUTPUT]] [-a|--attributes ATTRIBUTES] [-s|--show-all-attributes] [--] "
            "[<search-pattern>]",
            owncloud_accounts.list_accounts,
        ),
        Command("user:list-groups [--output [OUTPUT]] [--] <uid>", owncloud_accounts.list_groups),
        Command("user:modify [--output [OUTPUT]] [--] <uid> <key> <value>", owncloud_accounts.modify),
        Command("user:report", owncloud_accounts.report),
        Command(
            "user:resetpassword [--password-from-env] [--send-email] [--output-link] [--] <user>",
            owncloud_accounts.reset_password,
        ),
        Command(
            "user:setting [--output [OUTPUT]] [--ignore-missing-user] [--default-value DEFAULT-VALUE] [--value VALUE] "
            "[--update-only] [--delete] [--error-if-not-exists] [--] <uid> [<app> [<key>]]",
            owncloud_accounts.setting,
        ),
    ),
    named_only=(
        "config:import",
        "config:system:delete",
        "files:transfer-ownership",
        "maintenance:singleuser",
        "twofactorauth:enable",
        "user:home:list-dirs",
        "user:move-home",
        "user:sync",
    ),
    names_command=True,
    maintenance="ownCloud is in maintenance mode - no app have been loaded\n\n",
    silent=frozenset(),
    words=Words(
        account="User",
        no_password="Interactive input or --password-from-env is needed for entering a password!",
        missing_user='The user "{name}" does not exist.',
        unknown_status=1,
        never_seen="",
        seen="",
        names_are_settings=False,
        seen_as_words=False,
    ),
    drops_privileges=False,
    refusal="owncloud",
)
