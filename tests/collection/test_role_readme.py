# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook in a role's README, played as it is printed on the server of a stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.certificate import self_signed
from standins.cloud.process import StandinCloud
from standins.identity_provider import IdentityProvider

from collection.conftest import Installed
from collection.documents import readme_playbooks
from collection.installation import COLLECTION
from collection.prepared import ADDRESS
from collection.roles import Server, play

SECRETS = {
    "vault_client_secret": "Secret-of-the-client-1",
    "vault_provisioning_password": "Password-of-the-service-account-1",
}
PROVIDER = "https://id.example.org/realms/customers/.well-known/openid-configuration"
"""The provider in the documentation, which stands for a stand-in's."""


# Roles that set up a machine have tests of their own, on one.
ROLES = {path.parent.name for path in COLLECTION.glob("roles/*/README.md")} - {
    "monitoring",
    "nextcloud_backup",
    "nextcloud_server",
}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_playbook_of_the_readme(role: str, installed: Installed, tmp_path: Path) -> None:
    """It works, without a warning, or says that it needs a newer ansible-core. Only the way to the server is another
    one, and the authority of the provider's certificate."""
    (text,) = readme_playbooks(COLLECTION / "roles" / role / "README.md")
    certificate, key = self_signed(tmp_path)
    with (
        StandinCloud(tmp_path, admin_password="Admin-of-the-stand-in-1") as standin,
        IdentityProvider(certificate, key) as provider,
    ):
        server = Server(tmp_path / "www", standin)
        text = text.replace(ADDRESS, standin.url).replace(PROVIDER, provider.realm("customers"))
        ((shown,),) = [one["roles"] for one in yaml.safe_load(text)]
        variables: dict[str, Any] = shown["vars"]
        if role == "nextcloud_sso":
            variables["nextcloud_sso_ca_path"] = str(certificate)
        assert shown["role"] == f"bill.nextcloud.{role}"
        done = play(installed, tmp_path, role, {"cloud": (server, variables)}, secrets=SECRETS)
    if "ansible-playbook [core 2.17" in done.output and role != "cloud_for_sale":
        assert "This role needs ansible-core 2.19 or later, and this is 2.17" in done.printed, done.printed
        return
    assert done.returncode == 0, done.printed
    assert done.changed_tasks
    assert "WARNING" not in done.printed, done.printed
