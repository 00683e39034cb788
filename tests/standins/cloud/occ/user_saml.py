# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the app user_saml (7.1.6: lib/Command, lib/SAMLSettings.php, lib/Db/ConfigurationsMapper.php)."""

from __future__ import annotations

from standins.cloud.occ.command import Command, Run

_APP = "user_saml"
_KEYS = (
    *("general-idp0_display_name", "general-uid_mapping", "general-is_saml_request_using_post"),
    *("general-saml_request_method", "idp-entityId", "idp-singleLogoutService.responseUrl"),
    *("idp-singleLogoutService.url", "idp-singleSignOnService.url", "idp-passthroughParameters", "idp-x509cert"),
    *(
        f"security-{name}"
        for name in (
            *("authnRequestsSigned", "general", "logoutRequestSigned", "logoutResponseSigned", "lowercaseUrlencoding"),
            *("nameIdEncrypted", "offer", "required", "signatureAlgorithm", "signMetadata", "sloWebServerDecode"),
            *("wantAssertionsEncrypted", "wantAssertionsSigned", "wantMessagesSigned", "wantNameId"),
            *("wantNameIdEncrypted", "wantXMLValidation"),
        )
    ),
    *(
        f"saml-attribute-mapping-{name}"
        for name in (
            *("displayName_mapping", "email_mapping", "group_mapping", "home_mapping", "quota_mapping"),
            *("mfa_mapping", "group_mapping_prefix"),
        )
    ),
    *("saml-user-filter-reject_groups", "saml-user-filter-require_groups"),
    *("sp-entityId", "sp-x509cert", "sp-name-id-format", "sp-privateKey"),
)
_SYNOPSIS = (
    "saml:config:set "
    + " ".join(f"[--{key} {key.upper()}]" for key in _KEYS)
    + " [--output [OUTPUT]] [--] <providerId>"
)


def _number(run: Run) -> int | None:
    text = run.input.argument("providerId")
    return int(text) if text.isdecimal() and str(int(text)) == text else None


def _no_number(run: Run) -> int:
    return run.out.fail("providerId argument needs to be an number. Got: 0")


def create(run: Run) -> int:
    """saml:config:create."""
    number = max(run.machine.saml_providers, default=0) + 1
    run.machine.saml_providers[number] = {}
    run.out.line(str(number))
    return 0


def get(run: Run) -> int:
    """saml:config:get, of all, or of the one that is named, whether it is there or not."""
    providers = run.machine.saml_providers
    text = run.input.option("providerId")
    numbers = [int(text)] if text else sorted(providers)
    run.out.array({str(number): dict(sorted(providers.get(number, {}).items())) for number in numbers})
    return 0


def set_values(run: Run) -> int:
    """saml:config:set. One that is not there is made."""
    number = _number(run)
    if number is None:
        return _no_number(run)
    settings = run.machine.saml_providers.setdefault(number, {})
    for key in _KEYS:
        value = run.input.option(key)
        if value == "":
            settings.pop(key, None)
        elif value is not None:
            settings[key] = value
    run.out.line("The provider's config was updated.")
    return 0


def delete(run: Run) -> int:
    """saml:config:delete, which says the same of one that is not there."""
    number = _number(run)
    if number is None:
        return _no_number(run)
    run.machine.saml_providers.pop(number, None)
    run.out.line("Provider deleted.")
    return 0


COMMANDS = (
    Command("saml:config:create", create, app=_APP),
    Command("saml:config:delete [--output [OUTPUT]] [--] <providerId>", delete, app=_APP),
    Command("saml:config:get [-p|--providerId PROVIDERID] [--output [OUTPUT]]", get, app=_APP),
    Command(_SYNOPSIS, set_values, app=_APP),
)
