# SPDX-License-Identifier: GPL-3.0-or-later
"""occ of the releases of Nextcloud that the stand-in can be.

The commands of 31 are those that `occ list` of a real one tells. Of 17, what is not recorded (all that is not below
`user` and `group`) is from its source, as far as it is known.
"""

from __future__ import annotations

from standins.cloud.occ import accounts, apps, groups, server, shown, tokens
from standins.cloud.occ.application import Dialect
from standins.cloud.occ.command import Command, Words
from standins.cloud.occ.system_config import COMMANDS as SYSTEM_CONFIG
from standins.cloud.occ.user_oidc import COMMANDS as USER_OIDC
from standins.cloud.occ.user_saml import COMMANDS as USER_SAML

_SETTING = Command(
    "user:setting [--output [OUTPUT]] [--ignore-missing-user] [--default-value DEFAULT-VALUE] [--update-only] "
    "[--delete] [--error-if-not-exists] [--] <uid> [<app> [<key> [<value>]]]",
    accounts.setting,
)
_OF_BOTH = (
    Command("app:list [--shipped SHIPPED] [--output [OUTPUT]]", apps.list_apps),
    Command(
        "config:app:delete [--output [OUTPUT]] [--error-if-not-exists] [--] <app> <name>", server.delete_app_config
    ),
    *SYSTEM_CONFIG,
    Command("group:adduser <group> <user>", groups.add_user),
    Command("group:delete <groupid>", groups.delete),
    Command("group:removeuser <group> <user>", groups.remove_user),
    Command("maintenance:mode [--on] [--off]", server.maintenance_mode),
    Command("twofactorauth:disable [--output [OUTPUT]] [--] <uid> <provider_id>", tokens.factor_disable),
    Command(
        "twofactorauth:enforce [--on] [--off] [--group [GROUP]] [--exclude [EXCLUDE]]",
        tokens.factor_enforce,
    ),
    Command("twofactorauth:state [--output [OUTPUT]] [--] <uid>", tokens.factor_state),
    Command("user:delete <uid>", accounts.delete),
    Command("user:disable <uid>", accounts.disable),
    Command("user:enable <uid>", accounts.enable),
    Command("user:info [--output [OUTPUT]] [--] <user>", shown.info),
    Command("user:resetpassword [--password-from-env] [--] <user>", accounts.reset_password),
    _SETTING,
)
_GROUP_QUOTA = (
    Command("groupquota:delete [--output [OUTPUT]] [--] <name>", groups.delete_quota, app=groups.QUOTA_APP),
    Command("groupquota:free [-f|--format] [--output [OUTPUT]] [--] <name>", groups.free_quota, app=groups.QUOTA_APP),
    Command("groupquota:get [-f|--format] [--output [OUTPUT]] [--] <name>", groups.get_quota, app=groups.QUOTA_APP),
    Command(
        "groupquota:set [-f|--format] [--output [OUTPUT]] [--] <name> <quota>", groups.set_quota, app=groups.QUOTA_APP
    ),
    Command("groupquota:used [-f|--format] [--output [OUTPUT]] [--] <name>", groups.used_quota, app=groups.QUOTA_APP),
)

NEXTCLOUD_31 = Dialect(
    version="Nextcloud 31.0.6",
    full_version="31.0.6.2",
    commands=(
        *_OF_BOTH,
        *_GROUP_QUOTA,
        *USER_OIDC,
        *USER_SAML,
        Command("app:enable [-f|--force] [-g|--groups GROUPS] [--] <app-id>...", apps.enable),
        Command(
            "app:install [--keep-disabled] [-f|--force] [--allow-unstable] [--] <app-id>",
            apps.install,
        ),
        Command(
            "config:app:get [--output [OUTPUT]] [--details] [--default-value [DEFAULT-VALUE]] [--] <app> <name>",
            server.get_app_config,
        ),
        Command(
            "config:app:set [--output [OUTPUT]] [--value VALUE] [--type TYPE] [--lazy|--no-lazy] "
            "[--sensitive|--no-sensitive] [--update-only] [--] <app> <name>",
            server.set_app_config,
        ),
        Command(
            "files:transfer-ownership [--path PATH] [--move] "
            "[--transfer-incoming-shares [TRANSFER-INCOMING-SHARES]] [--] <source-user> <destination-user>",
            server.transfer_ownership,
            app="files",
        ),
        Command("group:add [--display-name DISPLAY-NAME] [--] <groupid>", groups.add),
        Command("group:info [--output [OUTPUT]] [--] <groupid>", groups.info),
        Command(
            "group:list [-l|--limit [LIMIT]] [-o|--offset [OFFSET]] [-i|--info] [--output [OUTPUT]]", groups.list_groups
        ),
        Command("security:bruteforce:reset <ipaddress>", server.reset_attempts),
        Command("status [--output [OUTPUT]] [-e|--exit-code]", server.status),
        Command(
            "user:add [--password-from-env] [--generate-password] [--display-name [DISPLAY-NAME]] [-g|--group [GROUP]] "
            "[--email EMAIL] [--] <uid>",
            accounts.add,
        ),
        Command(
            "user:auth-tokens:add [--password-from-env] [--] <user>", tokens.add, aliases=("user:add-app-password",)
        ),
        Command(
            "user:auth-tokens:delete [--last-used-before LAST-USED-BEFORE] [--] <uid> [<id>]",
            tokens.delete,
        ),
        Command("user:auth-tokens:list [--output [OUTPUT]] [--] <user>", tokens.list_tokens),
        Command("user:lastseen [--all] [--] [<uid>]", shown.last_seen),
        Command(
            "user:list [-d|--disabled] [-l|--limit [LIMIT]] [-o|--offset [OFFSET]] [--output [OUTPUT]] [-i|--info]",
            shown.list_accounts,
        ),
        Command("user:report [--count-dirs]", shown.report),
        Command("user:welcome [-r|--reset-password] [--] <user>", accounts.welcome),
    ),
    named_only=(
        "config:import",
        "config:system:delete",
        "security:bruteforce:attempts",
        "twofactorauth:cleanup",
        "twofactorauth:enable",
        "user:clear-avatar-cache",
        "user:keys:verify",
        "user:sync-account-data",
    ),
    names_command=True,
    maintenance=("Nextcloud is in maintenance mode, no apps are loaded.\nCommands provided by apps are unavailable.\n"),
    silent=frozenset(("_completion", "maintenance:mode", "status")),
    words=Words(
        account="Account",
        no_password=(
            "Interactive input or --password-from-env or --generate-password is needed for setting a password!"
        ),
        missing_user='The user "{name}" does not exist.',
        unknown_status=1,
        never_seen="{name} has never logged in.",
        seen="{name}'s last login: {when:%Y-%m-%d %H:%M:%S} UTC",
        names_are_settings=True,
        seen_as_words=True,
    ),
    drops_privileges=True,
    refusal="nextcloud",
)

NEXTCLOUD_17 = Dialect(
    version="Nextcloud 17.0.10",
    full_version="17.0.10.1",
    commands=(
        *_OF_BOTH,
        *_GROUP_QUOTA,
        Command(
            "config:app:get [--output [OUTPUT]] [--default-value [DEFAULT-VALUE]] [--] <app> <name>",
            server.get_app_config,
        ),
        Command(
            "config:app:set [--output [OUTPUT]] [--value VALUE] [--update-only] [--] <app> <name>",
            server.set_app_config,
        ),
        Command(
            "files:transfer-ownership [--path PATH] [--move [MOVE]] [--] <source-user> <destination-user>",
            server.transfer_ownership,
            app="files",
        ),
        Command("group:add <groupid>", groups.add),
        Command("group:list [-l|--limit [LIMIT]] [-o|--offset [OFFSET]] [--output [OUTPUT]]", groups.list_groups),
        Command("status [--output [OUTPUT]]", server.status),
        Command(
            "user:add [--password-from-env] [--display-name [DISPLAY-NAME]] [-g|--group [GROUP]] [--] <uid>",
            accounts.add,
        ),
        Command("user:lastseen <uid>", shown.last_seen),
        Command(
            "user:list [-l|--limit [LIMIT]] [-o|--offset [OFFSET]] [--output [OUTPUT]]",
            shown.list_accounts,
        ),
        Command("user:report", shown.report),
    ),
    named_only=("config:import", "config:system:delete", "twofactorauth:enable"),
    names_command=False,
    maintenance="Nextcloud is in maintenance mode - no apps have been loaded\n\n",
    silent=frozenset(("_completion", "maintenance:mode")),
    words=Words(
        account="User",
        no_password="Interactive input or --password-from-env is needed for entering a password!",
        missing_user='The user "{name}" does not exists.',
        unknown_status=0,
        never_seen="User {name} has never logged in, yet.",
        seen="{name}`s last login: {when:%d.%m.%Y %H:%M}",
        names_are_settings=False,
        seen_as_words=False,
    ),
    drops_privileges=False,
    refusal="nextcloud",
)
