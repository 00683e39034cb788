# SPDX-License-Identifier: GPL-3.0-or-later
"""The role nextcloud_sso, played on the server of a Nextcloud with user_oidc or user_saml."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from harness.certificate import self_signed
from standins.cloud.process import StandinCloud
from standins.identity_provider import IdentityProvider

from collection.conftest import Installed
from collection.roles import Server, failures, nothing_written, play

ROLE = "nextcloud_sso"
PEM = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----"
SECRET = "Secret-of-the-client-1"
APPS = ("system", "user_oidc", "user_saml")
# How user_oidc's provider is whatever is wished: no quota, no groups, no account, the names of billing.
SAFE = {
    "uniqueUid": False,
    "checkBearer": False,
    "bearerProvisioning": False,
    "groupProvisioning": False,
    "nestedAndFallbackClaims": True,
    "mappingQuota": "|",
    "mappingUid": "preferred_username",
}
SAML = {
    "entity_id": "https://idp.example.org/saml",
    "sign_on_url": "https://idp.example.org/saml/sign-on",
    "certificate": f"{PEM}\n",
    "uid_attribute": "uid",
}


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the server of a stand-in, with settings of apps, and ends it with the test."""
    with ExitStack() as stack:

        def started(product: str = "nextcloud", **apps: dict[str, str]) -> Server:
            directory = Path(tempfile.mkdtemp(dir=tmp_path))
            standin = StandinCloud(directory, product=product, admin_password="Admin-of-the-stand-in-1")
            server = Server(directory / "www", stack.enter_context(standin))
            for app, values in apps.items():
                standin.set_app_config(app, **values)
            return server

        yield started


@pytest.fixture
def server(start: Start) -> Server:
    """The server of a Nextcloud, with neither of the apps."""
    return start()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[IdentityProvider]:
    """A provider of OpenID Connect, whose certificate is its own authority."""
    with IdentityProvider(*self_signed(tmp_path)) as running:
        yield running


def oidc(provider: IdentityProvider, tmp_path: Path, **wish: Any) -> dict[str, Any]:
    """The role's variables for one provider, with further wishes for it."""
    one = {
        "identifier": "keycloak",
        "discovery_url": provider.realm("customers"),
        "client_id": "nextcloud",
        "client_secret": "{{ secret }}",
        "uid_claim": "preferred_username",
        **wish,
    }
    return {
        f"{ROLE}_app": "user_oidc",
        f"{ROLE}_oidc_providers": [one],
        f"{ROLE}_ca_path": str(tmp_path / "certificate.pem"),
    }


def oidc_provider(server: Server, identifier: str) -> dict[str, Any]:
    """What user_oidc shows of a provider."""
    shown: dict[str, Any] = json.loads(server.occ("user_oidc:provider", identifier))
    return shown


def saml_providers(server: Server) -> dict[str, Any]:
    """What user_saml shows of its providers; an empty list stands for none."""
    return dict(json.loads(server.occ("saml:config:get", "--output=json")) or {})


@pytest.mark.whole_role
def test_openid_connect(installed: Installed, server: Server, provider: IdentityProvider, tmp_path: Path) -> None:
    """On a fresh server: check mode shows what is done and does nothing; then it is done, with the app from the app
    store; then there is nothing to do. A changed wish is carried out, a new secret is set, and what is absent goes."""
    played = partial(play, installed, tmp_path, ROLE, secrets={"secret": SECRET})
    hosts = {"cloud": (server, oidc(provider, tmp_path))}
    before = server.settings(*APPS)

    checked = played(hosts, "--check")
    assert checked.returncode == 0, checked.printed
    assert nothing_written([server])
    assert server.settings(*APPS) == before

    first = played(hosts)
    assert first.returncode == 0, first.printed
    assert first.changed_tasks == checked.changed_tasks
    shown = oidc_provider(server, "keycloak")
    assert shown["settings"] == shown["settings"] | SAFE
    # Before the app is enabled, so that at no time it makes accounts.
    writes = server.writes()
    enabled = next(number for number, one in enumerate(writes) if one.startswith("app:enable"))
    assert any("user_oidc auto_provision" in one for one in writes[:enabled])
    switches = {
        "auto_provision": False,
        "soft_auto_provision": True,
        "disable_account_creation": True,
        "enable_default_claims": False,
    }
    assert server.settings("system")["system"]["user_oidc"] == switches

    again = played(hosts)
    assert (again.returncode, again.changed_tasks) == (0, set()), again.printed
    assert nothing_written([server])
    for run in (checked, first, again):
        assert "WARNING" not in run.printed, run.printed

    server.occ("user_oidc:provider", "former", "--clientid=a", "--clientsecret=b", "--discoveryuri=c")
    server.writes()
    profile = {"display_name": "name", "email": "email"}
    changed = oidc(
        provider, tmp_path, client_id="cloud", profile_claims=profile, end_session_url="https://a.example.org/"
    )
    changed[f"{ROLE}_oidc_providers"].append({"identifier": "former", "state": "absent"})
    changed |= {
        f"{ROLE}_update_client_secrets": "always",
        f"{ROLE}_password_login": False,
        f"{ROLE}_read_userinfo": True,
    }
    done = played({"cloud": (server, changed)})
    assert done.returncode == 0, done.printed
    (told,) = [entry for entry in server.standin.commands() if "--clientsecret-env=OC_PASS" in entry["arguments"]]
    assert told["passwords"] == ["OC_PASS", "NC_PASS"]
    shown = oidc_provider(server, "keycloak")
    assert (shown["clientId"], shown["endSessionEndpoint"]) == ("cloud", "https://a.example.org/")
    safe = {**SAFE, "mappingDisplayName": "name", "mappingEmail": "email", "mappingLanguage": "|"}
    assert shown["settings"] == shown["settings"] | safe
    switches |= {"auto_provision": True, "enrich_login_id_token_with_userinfo": True}
    assert server.settings("system")["system"]["user_oidc"] == switches
    assert server.writes()[-1].endswith("auto_provision"), "profiles are taken over before providers are safe"
    assert server.settings("user_oidc")["user_oidc"]["allow_multiple_user_backends"] == "0"
    assert [one["identifier"] for one in json.loads(server.occ("user_oidc:provider"))] == ["keycloak"]


@pytest.mark.whole_role
def test_saml(installed: Installed, server: Server, tmp_path: Path) -> None:
    """As with OpenID Connect. A provider that a broken run left without settings is used; what lets another one change
    accounts is taken away; Nextcloud's private key is in no output."""
    played = partial(play, installed, tmp_path, ROLE, secrets={"secret": SECRET})
    server.standin.set_app_config("user_saml", enabled="no", installed_version="7.1.6")
    hosts = {"cloud": (server, {f"{ROLE}_app": "user_saml", f"{ROLE}_saml_providers": [SAML]})}
    before = server.settings(*APPS)

    checked = played(hosts, "--check")
    assert checked.returncode == 0, checked.printed
    assert nothing_written([server])
    assert server.settings(*APPS) == before

    first = played(hosts)
    assert first.returncode == 0, first.printed
    assert first.changed_tasks == checked.changed_tasks
    expected = {
        "general-uid_mapping": "uid",
        "idp-entityId": SAML["entity_id"],
        "idp-singleSignOnService.url": SAML["sign_on_url"],
        "idp-x509cert": PEM,
        "security-wantAssertionsSigned": "1",
        "security-wantMessagesSigned": "0",
        "security-wantXMLValidation": "1",
    }
    assert saml_providers(server) == {"1": expected}
    settings = {
        "general-allow_multiple_user_back_ends": "1",
        "general-require_provisioned_account": "1",
        "type": "saml",
    }
    assert server.settings("user_saml")["user_saml"] == before["user_saml"] | settings | {"enabled": "yes"}
    writes = server.writes()
    assert "require_provisioned" in writes[0]
    assert writes[-1].endswith("user_saml type"), "the log-in page leads to a provider that is not set up"

    again = played(hosts)
    assert (again.returncode, again.changed_tasks) == (0, set()), again.printed
    for run in (checked, first, again):
        assert "WARNING" not in run.printed, run.printed

    server.occ("saml:config:create")
    server.occ("saml:config:set", "3", "--idp-entityId=urn:former")
    server.occ("saml:config:set", "1", "--saml-attribute-mapping-quota_mapping=quota", f"--sp-privateKey={SECRET}")
    server.writes()
    second = {**SAML, "entity_id": "urn:second", "messages_signed": True, "assertions_signed": False}
    wish = [{**SAML, "display_name": "Log in"}, second, {"entity_id": "urn:former", "state": "absent"}]
    done = played({"cloud": (server, {f"{ROLE}_app": "user_saml", f"{ROLE}_saml_providers": wish})})
    assert done.returncode == 0, done.printed
    found = saml_providers(server)
    assert list(found) == ["1", "2"]
    assert found["1"] == {**expected, "general-idp0_display_name": "Log in", "sp-privateKey": SECRET}
    assert found["2"]["idp-entityId"] == "urn:second"
    assert (found["2"]["security-wantAssertionsSigned"], found["2"]["security-wantMessagesSigned"]) == ("0", "1")


def archive(directory: Path, version: str) -> tuple[Path, str]:
    """A release archive of user_oidc with nothing in it but its version, and its checksum."""
    path = directory / f"user_oidc-{version}.tar.gz"
    text = f"<info><id>user_oidc</id><version>{version}</version></info>".encode()
    with tarfile.open(path, "w:gz") as file:
        member = tarfile.TarInfo("user_oidc/appinfo/info.xml")
        member.size = len(text)
        file.addfile(member, io.BytesIO(text))
    return path, f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.mark.whole_role
def test_an_archive(installed: Installed, start: Start, provider: IdentityProvider, tmp_path: Path) -> None:
    """A server without app store gets the app from it, and does not enable an old one. In check mode, and with a wrong
    checksum, nothing is unpacked, and nothing stays of what was fetched."""
    hosts, directories = {}, {}
    (new, checksum), (old, old_checksum) = archive(tmp_path, "8.10.1"), archive(tmp_path, "8.3.0")
    for name, (path, given) in {
        "new": (new, checksum),
        "old": (old, old_checksum),
        "wrong": (new, old_checksum),
    }.items():
        server = start()
        directories[name] = apps = tmp_path / name
        # Nextcloud's apps_paths, here a link to it.
        apps.mkdir()
        Path(server.variables(ROLE)[f"{ROLE}_occ_path"]).with_name("apps").symlink_to(apps)
        server.occ("config:system:set", "appstoreenabled", "--type=boolean", "--value=false")
        server.writes()
        wish = {f"{ROLE}_app_archive": str(path), f"{ROLE}_app_checksum": given, f"{ROLE}_apps_directory": str(apps)}
        hosts[name] = server, oidc(provider, tmp_path) | wish | {"ansible_remote_tmp": str(tmp_path / f"{name}-tmp")}
    played = partial(play, installed, tmp_path, ROLE, hosts, secrets={"secret": SECRET})

    checked = played("--check")
    assert set(failures(checked)) == {"wrong"}, checked.printed
    assert [list(apps.iterdir()) for apps in directories.values()] == [[], [], []]
    assert nothing_written([server for server, _ in hosts.values()])

    found = failures(played())
    assert set(found) == {"old", "wrong"}
    assert "user_oidc 8.3.0 is on this server" in found["old"]
    assert "has the checksum" in found["wrong"]
    assert list(directories["wrong"].iterdir()) == []
    assert not any(one.startswith("app:enable") for one in hosts["old"][0].writes())
    assert hosts["new"][0].settings("user_oidc")["user_oidc"]["installed_version"] == "8.10.1"
    assert list(tmp_path.glob("*-tmp/nextcloud_sso.*")) == []


def present(**wish: Any) -> dict[str, Any]:
    """A provider of OpenID Connect that is as it has to be, but for the wishes."""
    address = "https://idp.example.org/.well-known/openid-configuration"
    one = {"identifier": "a", "discovery_url": address, "client_id": "b", "client_secret": SECRET, "uid_claim": "sub"}
    return {"app": "user_oidc", "oidc_providers": [{**one, **wish}]}


def saml(**wish: Any) -> dict[str, Any]:
    """The same of SAML."""
    return {"app": "user_saml", "saml_providers": [{**SAML, **wish}]}


WRONG: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
    (
        present(discovery_url="http://idp.example.org/x"),
        ("http://idp.example.org/x: addresses have to begin with https",),
    ),
    (present(uid_claim="email"), ("email: a claim that people write themselves is no uid_claim",)),
    (
        present(uid_claim="address.locality"),
        ("address.locality: a claim that people write themselves is no uid_claim",),
    ),
    (present(uid_claim="iss", scope="profile"), ("iss: as uid_claim this does not say", "has to have openid in it")),
    (present(uid_claim="a|b"), ("a|b: this is no name of a claim",)),
    (
        present(profile_claims={"quota": "quota", "groups": "groups", "nick": "x"}),
        ("quota, groups: the provider must not", "nick: profile_claims has nothing"),
    ),
    (present(client_id=None, uid_claim=""), ("client_id, discovery_url and uid_claim are needed",)),
    (present(client_secret=f"{SECRET}\n"), ("client_secret has a space or a line's end",)),
    (present(identifier="-a"), ("an identifier has letters",)),
    ({**present(client_secret=None), "update_client_secrets": "always"}, ("is always, and there is no client_secret",)),
    (
        {**saml(), **present(), "oidc_providers": present()["oidc_providers"] * 2},
        ("Give those of one only", "is named twice"),
    ),
    (
        {**present(), "app_archive": "user_oidc.tar.gz"},
        ("absolute path on the controller", "needs nextcloud_sso_app_checksum"),
    ),
    ({**present(), "apps_directory": "/srv"}, ("of no use without nextcloud_sso_app_archive",)),
    (saml(certificate=None), ("certificate has to be the provider's in PEM",)),
    (saml(assertions_signed=False), ("everybody could log in as anybody",)),
    (
        saml(uid_attribute="mail", sign_on_url="http://idp.example.org"),
        ("mail: an attribute that people write", "begin with https"),
    ),
    (
        {**saml(uid_attribute=None), "read_userinfo": True},
        ("of no use with user_saml",),
    ),
    ({"app": "openidconnect"}, ("value of nextcloud_sso_app must be one of",)),
)


def test_wrong_wishes_are_refused(installed: Installed, server: Server, tmp_path: Path) -> None:
    """With words that say what, before the server is asked for anything."""
    hosts = {
        f"host_{number}": (server, {f"{ROLE}_{name}": value for name, value in wish.items()})
        for number, (wish, _) in enumerate(WRONG)
    }
    run = play(installed, tmp_path, ROLE, hosts, secrets={"secret": SECRET})
    found = failures(run)
    missing = {
        name: [one for one in words if one not in found.get(name, "")]
        for name, (_, words) in zip(hosts, WRONG, strict=True)
    }
    assert not any(missing.values()), (missing, run.printed)
    assert server.standin.commands() == []


def test_what_is_there_is_refused(
    installed: Installed, start: Start, provider: IdentityProvider, tmp_path: Path
) -> None:
    """Settings and providers of the server that would let accounts be made or taken, an app that is too old, another
    product, and a discovery document that is not one; nothing is changed."""
    weak = start(sociallogin={"enabled": "yes"}, user_oidc={"allow_insecure_http": "1", "id4me_enabled": "1"})
    for name, value in (("debug", "true"), ("appstoreenabled", "false"), ("config_is_read_only", "true")):
        weak.occ("config:system:set", name, "--type=boolean", f"--value={value}")
    for name, value in (("httpclient.allowselfsigned", "true"), ("login_validation_azp_check", "false")):
        weak.occ("config:system:set", "user_oidc", name, "--type=boolean", f"--value={value}")
    ready = start(user_oidc={"enabled": "yes", "installed_version": "8.10.1"})
    other = start(user_oidc={"enabled": "yes", "installed_version": "8.4.0"})
    other.occ("user_oidc:provider", "other", "--clientid=a", "--clientsecret=b", "--discoveryuri=c")
    saml_wish = {f"{ROLE}_{name}": value for name, value in saml().items()}
    wish = partial(oidc, provider, tmp_path)
    without_https = provider.realm("without-https", token_endpoint="http://idp.example.org/token")
    cases: dict[str, tuple[Server, dict[str, Any], tuple[str, ...]]] = {
        "weak": (
            weak,
            wish(),
            (
                "sociallogin is enabled on this server",
                "is kept from the app store",
                "config.php is read-only",
                "debug is on",
                "login_validation_azp_check, httpclient.allowselfsigned in config.php",
                "without https (allow_insecure_http)",
                "ID4me is on",
            ),
        ),
        "old": (
            start(user_oidc={"enabled": "yes", "installed_version": "8.3.0"}),
            wish(),
            ("user_oidc 8.3.0 is on this server. 8.4.0 or later",),
        ),
        "old_for_profiles": (
            start(user_oidc={"enabled": "yes", "installed_version": "8.6.1"}),
            wish(profile_claims={"display_name": "name"}),
            ("user_oidc 8.6.1 is on this server. 8.7.0 or later",),
        ),
        "other": (other, wish(), ("other: a provider of this server that is not in",)),
        "unknown_claim": (ready, wish(uid_claim="employee"), ("the provider says nothing of a claim employee",)),
        "no_secret": (
            ready,
            wish(uid_claim="employee", uid_claim_listed=False, client_secret=None),
            ("keycloak: a provider that does not exist yet needs a client_secret",),
        ),
        "without_https": (ready, wish(discovery_url=without_https), ("jwks_uri have to be there, with https",)),
        "no_document": (
            ready,
            wish(discovery_url=provider.realm("none", issuer=None)),
            ("no discovery document",),
        ),
        "nothing": (ready, wish(discovery_url=without_https.replace("without", "with")), ("404",)),
        "unknown_authority": (ready, wish() | {f"{ROLE}_ca_path": None}, ("CERTIFICATE_VERIFY_FAILED",)),
        "forged_6": (
            start(user_saml={"enabled": "no", "installed_version": "6.6.0"}),
            saml_wish,
            ("user_saml 6.6.0 is on this server",),
        ),
        "forged_7": (
            start(user_saml={"enabled": "no", "installed_version": "7.1.0"}),
            saml_wish,
            ("user_saml 7.1.0 is on this server",),
        ),
        "web_server": (
            start(user_saml={"enabled": "yes", "installed_version": "7.1.6", "type": "environment-variable"}),
            saml_wish,
            ("takes names from the web server",),
        ),
        "owncloud": (start("owncloud"), saml_wish, ("ownCloud has apps of its own",)),
    }
    servers = [server for server, _, _ in cases.values()]
    for server in servers:
        server.writes()
    hosts = {name: (server, variables) for name, (server, variables, _) in cases.items()}
    run = play(installed, tmp_path, ROLE, hosts, secrets={"secret": SECRET})
    assert nothing_written(servers)
    found = failures(run)
    missing = {name: [one for one in words if one not in found.get(name, "")] for name, (_, _, words) in cases.items()}
    assert not any(missing.values()), (missing, run.printed)
