# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the app user_oidc (8.10.1: lib/Command/UpsertProvider.php, lib/Command/DeleteProvider.php,
lib/Service/ProviderService.php, lib/Db/ProviderMapper.php). Secrets are kept, and never told."""

from __future__ import annotations

import json
from typing import Any

from standins.cloud.occ.command import Command, Run

_APP = "user_oidc"
_SWITCHES = {
    "unique-uid": "uniqueUid",
    "check-bearer": "checkBearer",
    "bearer-provisioning": "bearerProvisioning",
    "send-id-token-hint": "sendIdTokenHint",
    "group-provisioning": "groupProvisioning",
    "group-restrict-login-to-whitelist": "restrictLoginToGroups",
    "entraid-group-names": "azureGroupNames",
    "resolve-nested-claims": "nestedAndFallbackClaims",
}
_MAPPINGS = (
    *("display-name", "email", "quota", "uid", "language", "locale", "website", "avatar", "twitter", "fediverse"),
    *("organisation", "role", "headline", "biography", "phone", "gender", "pronouns", "birthdate", "address"),
    *("street_address", "postal_code", "locality", "region", "country", "groups"),
)
_SETTING_OF = {"display-name": "DisplayName", "phone": "Phonenumber"}
_TEXTS = {
    "extra-claims": "extraClaims",
    "group-whitelist-regex": "groupWhitelistRegex",
    **{f"mapping-{name}": f"mapping{_SETTING_OF.get(name, name.replace('_', '').capitalize())}" for name in _MAPPINGS},
}
_ROW = {
    "clientid": "clientId",
    "discoveryuri": "discoveryEndpoint",
    "endsessionendpointuri": "endSessionEndpoint",
    "postlogouturi": "postLogoutUri",
    "scope": "scope",
}
_SHOWN = ("id", "identifier", *_ROW.values())
_SYNOPSIS = (
    "user_oidc:provider [--output [OUTPUT]] [-c|--clientid CLIENTID] [-s|--clientsecret CLIENTSECRET] "
    "[--clientsecret-file CLIENTSECRET-FILE] [--clientsecret-env CLIENTSECRET-ENV] [-d|--discoveryuri DISCOVERYURI] "
    "[-e|--endsessionendpointuri ENDSESSIONENDPOINTURI] [-p|--postlogouturi POSTLOGOUTURI] [-o|--scope [SCOPE]] "
    + " ".join(f"[--{name} {name.upper()}]" for name in (*_SWITCHES, *_TEXTS))
    + " [--] [<identifier>]"
)


def _found(run: Run, identifier: str) -> dict[str, Any] | None:
    return next((row for row in run.machine.oidc_providers if row["identifier"] == identifier), None)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in _SHOWN}


def _key(row: dict[str, Any], setting: str) -> str:
    return f"provider-{row['id']}-{setting}"


def _settings(run: Run, row: dict[str, Any]) -> dict[str, Any]:
    config = run.cloud.config
    told: dict[str, Any] = {setting: config.get(_APP, _key(row, setting)) for setting in _TEXTS.values()}
    for setting in (*_SWITCHES.values(), "providerBasedId"):
        told[setting] = config.get(_APP, _key(row, setting), "1" if setting == "uniqueUid" else "0") == "1"
    return told


def _tell(run: Run, data: Any) -> None:
    run.out.line(json.dumps(data, separators=(",", ":")).replace("/", "\\/"))


def provider(run: Run) -> int:
    """user_oidc:provider. It tells what it has as JSON only."""
    identifier = run.input.argument("identifier")
    if not identifier:
        _tell(run, [_shown(row) for row in run.machine.oidc_providers])
        return 0
    given = {name for name in (*_ROW, *_SWITCHES, *_TEXTS) if run.input.option(name) is not None}
    secret, variable = run.input.option("clientsecret"), run.input.option("clientsecret-env")
    if variable is not None:
        secret = run.environment.get(variable)
        if not secret:
            return run.out.fail(
                f'Client secret environment variable "{variable}" could not be read or is empty', status=1
            )
        run.out.line(f'Client secret loaded from environment variable "{variable}"')
    row = _found(run, identifier)
    # A secret of the environment alone changes nothing (`updateOptions`).
    if not given and run.input.option("clientsecret") is None:
        if row is None:
            return run.out.fail("Provider not found", status=255)
        _tell(run, {**_shown(row), "settings": _settings(run, row)})
        return 0
    if row is None:
        if secret is None or not {"clientid", "discoveryuri"} <= given:
            return run.out.fail("Provider must be created. All provider parameters required.", status=255)
        numbers = [one["id"] for one in run.machine.oidc_providers]
        row = dict.fromkeys(_ROW.values()) | {"id": max(numbers, default=0) + 1, "identifier": identifier}
        row["scope"] = "openid email profile"
        run.machine.oidc_providers.append(row)
    if secret is not None:
        row["secret"] = secret.strip()
    for name in given & set(_ROW):
        row[_ROW[name]] = run.input.option(name)
    for name in given - set(_ROW):
        text = run.input.option(name) or ""
        if name in _SWITCHES:
            text = "0" if text == "0" else "1"
        run.cloud.config.set(_APP, _key(row, {**_SWITCHES, **_TEXTS}[name]), text)
    return 0


def delete(run: Run) -> int:
    """user_oidc:provider:delete. Without --force it asks, and takes no answer for no."""
    row = _found(run, run.input.argument("identifier"))
    if row is None:
        return run.out.fail("Provider not found.", status=255)
    if not run.input.has("force"):
        return 0
    run.machine.oidc_providers.remove(row)
    for setting in (*_SWITCHES.values(), *_TEXTS.values()):
        run.cloud.config.set(_APP, _key(row, setting), None)
    run.out.line(f'"{row["identifier"]}" has been deleted.')
    return 0


COMMANDS = (
    Command(_SYNOPSIS, provider, app=_APP),
    Command("user_oidc:provider:delete [-f|--force] [--output [OUTPUT]] [--] <identifier>", delete, app=_APP),
)
