# SPDX-License-Identifier: GPL-3.0-or-later
"""The mapping file: which account a service is to have."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.account import Account
from bill_nextcloud.billmanager.addons import Addon
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.billmanager.service import Service, Tariff
from bill_nextcloud.errors import (
    DiskAddonMissing,
    InvitationAddressMissing,
    MappingInvalid,
    SettingsInvalid,
    UnitUnknown,
)
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.settings import AccountSettings

GIB = 1024**3
CLOUD = Cloud(3, "Blue", "https://blue.example", "admin", "cloudpassword")
SMALL = Tariff(7, "Small", {"usergroup": "customers", "language": "ru"})
DISK = Addon("disk", 10, "gib", 10 * GIB)
Make = Callable[..., Mapping]


def service(**changes: Any) -> Service:
    """Service 12 of Ivan, with 10 GiB, not opened yet."""
    values: dict[str, Any] = {
        "id": 12,
        "name": "Storage",
        "item_type": "backupservice",
        "status": 5,
        "created": "2026-01-02",
        "module": 3,
        "tariff": SMALL,
        "client": {"id": 4, "name": "Ivanov Ltd", "email": "ivan@example.org", "realname": "Иван Иванов"},
        "addons": {"disk": DISK},
        "params": {},
    }
    return Service(**{**values, **changes})


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a mapping of expressions; ``username`` and ``quota`` have defaults."""

    def build(**expressions: str) -> Mapping:
        path = tmp_path / "accounts.yml"
        merged = {"username": "join('', ['user_', to_string(id)])", "quota": "addons.disk.bytes", **expressions}
        path.write_text("".join(f'{name}: "{value}"\n' for name, value in merged.items()), encoding="utf-8")
        return Mapping(path)

    return build


@pytest.fixture(scope="module")
def default() -> Mapping:
    """The mapping that comes with the bridge."""
    return Mapping(AccountSettings().mapping)


def test_the_default_mapping(default: Mapping) -> None:
    """Every field of an account, as the file that comes with the bridge says."""
    assert default.account(service(), CLOUD, [SMALL]) == Account(
        name="user_12",
        quota=10 * GIB,
        groups=("customers",),
        groups_absent=(),
        email="ivan@example.org",
        display_name="Иван Иванов",
        language="ru",
    )


def test_the_default_mapping_takes_disc_for_disk(default: Mapping) -> None:
    """The vendor's addon is called disc."""
    disc = {"disc": Addon("disc", 5, "gib", 5 * GIB)}
    assert default.account(service(addons=disc), CLOUD, []).quota == 5 * GIB


def test_the_default_mapping_without_what_may_be_missing(default: Mapping) -> None:
    """No real name, e-mail, group or language: the client's name is shown, the rest is empty."""
    client = {"id": 4, "name": "Ivanov Ltd", "email": None, "realname": ""}
    account = default.account(service(client=client, tariff=Tariff(7, "Small")), CLOUD, [])
    assert account == Account(name="user_12", quota=10 * GIB, display_name="Ivanov Ltd")


def test_nothing_sold_is_a_quota_of_nothing(default: Mapping) -> None:
    """Zero bytes are zero bytes, not a missing addon."""
    assert default.account(service(addons={"disk": Addon("disk", 0, "gib", 0)}), CLOUD, []).quota == 0


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("join('', ['u', to_string(id)])", "u12"),
        ("client.email", "ivan@example.org"),
        ("join('-', [tariff.name, cloud.name, to_string(cloud.id), to_string(tariff.id)])", "Small-Blue-3-7"),
        ("params.login", "anna"),
        ("created", "2026-01-02"),
        ("'  spaces around  '", "spaces around"),
    ],
)
def test_the_user_name_pattern(make: Make, expression: str, name: str) -> None:
    """An expression may use whatever the service's document has."""
    assert make(username=expression).account(service(params={"login": "anna"}), CLOUD, []).name == name


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("", "user_12"),
        ("cloud-{id}", "cloud-12"),
        ("{client.email}", "ivan@example.org"),
        ("{tariff.params.usergroup}.{ client.id }", "customers.4"),
        (" fixed ", "fixed"),
    ],
)
def test_the_name_pattern_of_a_tariff(default: Mapping, pattern: str, name: str) -> None:
    """Each expression in braces is filled in."""
    tariff = Tariff(7, "Small", {**SMALL.params, "username_pattern": pattern})
    assert default.account(service(tariff=tariff), CLOUD, []).name == name


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("user_{id", "a brace without its other half: user_{id"),
        ("user_id}", "a brace without its other half"),
        ("user_{{id}}", "a brace without its other half"),
        ("user_{}", "{} is no expression"),
        ("user_{id ||}", "{id ||} is no expression"),
        ("user_{client}", "{client} is neither text nor a whole number"),
        ("user_{client.phone}", "the expression gives no name"),
    ],
)
def test_a_name_pattern_that_gives_no_name(default: Mapping, pattern: str, words: str) -> None:
    """It is said what is wrong with it; no account gets half a name."""
    tariff = Tariff(7, "Small", {**SMALL.params, "username_pattern": pattern})
    with pytest.raises(MappingInvalid) as raised:
        default.account(service(tariff=tariff), CLOUD, [])
    assert raised.value.parameters["field"] == "username"
    assert words in raised.value.parameters["detail"]


@pytest.mark.parametrize(
    ("pattern", "name"), [("{client.name} ({id})", "Ivanov Ltd (12)"), ("{client.phone}", "Ivanov Ltd")]
)
def test_the_display_name_pattern_of_a_tariff(default: Mapping, pattern: str, name: str) -> None:
    """One that gives nothing keeps nobody waiting for an account."""
    tariff = Tariff(7, "Small", {**SMALL.params, "display_name_pattern": pattern})
    assert default.account(service(tariff=tariff), CLOUD, []).display_name == name


@pytest.mark.parametrize(("ticked", "invite"), [("on", True), ("off", False), ("", False)])
def test_an_invitation(default: Mapping, ticked: str, invite: bool) -> None:
    """As the tariff's form says."""
    tariff = Tariff(7, "Small", {**SMALL.params, "invitation": ticked})
    assert default.account(service(tariff=tariff), CLOUD, []).invite is invite


def test_an_invitation_needs_an_address(default: Mapping, make: Make) -> None:
    """Nobody is invited to nowhere; an account that is there needs no invitation."""
    tariff = Tariff(7, "Small", {"invitation": "on"})
    client = {"id": 4, "name": "Ivanov Ltd", "email": "", "realname": ""}
    with pytest.raises(InvitationAddressMissing) as raised:
        default.account(service(tariff=tariff, client=client), CLOUD, [])
    assert raised.value.parameters == {"service": "12", "tariff": "Small"}
    opened = service(tariff=tariff, client=client, params={"username": "user_12", "url": "https://blue.example"})
    assert default.account(opened, CLOUD, []).invite is False
    with pytest.raises(MappingInvalid):
        make(invite="client.email").account(service(), CLOUD, [])


def test_a_saved_name_wins(make: Make) -> None:
    """Once claimed, an account keeps its name whatever the expression says, or if it says nothing."""
    opened = service(params={"username": "old_name"})
    assert make().account(opened, CLOUD, []).name == "old_name"
    assert make(username="params.nothing").account(opened, CLOUD, []).name == "old_name"


@pytest.mark.parametrize("expression", ["params.nothing", "''", "'   '"])
def test_no_name_is_an_error(make: Make, expression: str) -> None:
    """An account without a name cannot be made."""
    with pytest.raises(MappingInvalid) as raised:
        make(username=expression).account(service(), CLOUD, [])
    assert raised.value.parameters["field"] == "username"


@pytest.mark.parametrize(
    ("expression", "groups"),
    [
        ("'customers'", ("customers",)),
        ("'b, a ,b,, '", ("b", "a")),
        ("['b', 'a', 'b', ' ']", ("b", "a")),
        ("tariff.params.usergroup", ("customers",)),
        ("tariff.params.nothing", ()),
        ("''", ()),
        ("`[]`", ()),
    ],
)
def test_groups_as_text_and_as_list(make: Make, expression: str, groups: tuple[str, ...]) -> None:
    """Both ways of writing groups; doubles and empty names vanish, the order stays."""
    assert make(groups=expression).account(service(), CLOUD, []).groups == groups


def test_groups_of_other_tariffs_are_to_be_lost(make: Make) -> None:
    """Only groups that another tariff gives and this one does not; nothing else is named."""
    tariffs = [
        SMALL,
        Tariff(8, "Large", {"usergroup": "customers,premium"}),
        Tariff(9, "Team", {"usergroup": "teams,premium"}),
        Tariff(10, "Bare"),
    ]
    account = make(groups="tariff.params.usergroup").account(service(), CLOUD, tariffs)
    assert account.groups == ("customers",)
    assert account.groups_absent == ("premium", "teams")


def test_the_rest_of_the_service_decides_groups_of_other_tariffs_too(make: Make) -> None:
    """Groups that do not come from the tariff are the same under every tariff, and are not to be lost."""
    mapping = make(groups="[tariff.params.usergroup, client.name]")
    account = mapping.account(service(), CLOUD, [SMALL, Tariff(8, "Large", {"usergroup": "premium"})])
    assert account.groups == ("customers", "Ivanov Ltd")
    assert account.groups_absent == ("premium",)


def test_none_is_unlimited(make: Make) -> None:
    """The word 'none', and only that, means no limit."""
    assert make(quota="'none'").account(service(), CLOUD, []).quota is None
    assert make(quota="addons.nothing.bytes || 'none'").account(service(), CLOUD, []).quota is None


@pytest.mark.parametrize("found", [{}, {"traffic": Addon("traffic", 5, "gib", 5 * GIB)}])
def test_a_missing_disk_addon_names_the_tariff(default: Mapping, found: dict[str, Addon]) -> None:
    """No quota is made up."""
    with pytest.raises(DiskAddonMissing) as raised:
        default.account(service(addons=found), CLOUD, [])
    assert raised.value.parameters == {"tariff": "Small"}
    assert "Small" in text(raised.value.failure, "en")


def test_an_addon_without_a_value_is_a_missing_one(default: Mapping) -> None:
    """Nothing sold in a known unit is still nothing sold."""
    with pytest.raises(DiskAddonMissing):
        default.account(service(addons={"disk": Addon("disk", None, "gib", None)}), CLOUD, [])


@pytest.mark.parametrize(("unit", "named"), [("pieces", "pieces"), (None, "no unit")])
@pytest.mark.parametrize("name", ["disk", "disc"])
def test_an_unknown_unit_is_named(default: Mapping, name: str, unit: str | None, named: str) -> None:
    """Tariff, addon and unit are in the error."""
    with pytest.raises(UnitUnknown) as raised:
        default.account(service(addons={name: Addon(name, 10, unit, None)}), CLOUD, [])
    assert raised.value.parameters == {"tariff": "Small", "addon": name, "unit": named}


@pytest.mark.parametrize(
    ("field", "expression"),
    [
        ("username", "id"),
        ("username", "['a']"),
        ("display_name", "client"),
        ("email", "id"),
        ("language", "`true`"),
        ("groups", "id"),
        ("groups", "[id]"),
        ("groups", "`{}`"),
        ("quota", "'10'"),
        ("quota", "`true`"),
        ("quota", "`-1`"),
        ("quota", "`1.5`"),
        ("quota", "'None'"),
        ("quota", "['none']"),
        ("display_name", "join('', id)"),
        ("email", "nonsense(id)"),
    ],
)
def test_a_wrong_type_names_the_field(make: Make, field: str, expression: str) -> None:
    """What an expression gives must be what the field takes; so must what it does with its parts."""
    with pytest.raises(MappingInvalid) as raised:
        make(**{field: expression}).account(service(), CLOUD, [])
    assert raised.value.parameters["field"] == field
    assert "\n" not in raised.value.parameters["detail"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("username: [", "line 1, column 12"),
        ("", "expected a name"),
        ("- username", "expected a name"),
        ("username: 5\nquota: a", "expected a name"),
        ("username: id", "missing: quota"),
        ("quota: id", "missing: username"),
        ("username: id\nquota: id\ncolour: id", "not known: colour"),
        ("username: id\nquota: id\n5: id", "not known: 5"),
        ("username: 'a b'\nquota: id", "username"),
        ("username: id\nquota: 'join('", "quota"),
        ("username: id\nquota: ''", "quota"),
        ("username: id\nquota: id\nemail: '!'", "email"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: str, named: str) -> None:
    """It is refused as a whole, with the file and what is wrong, in one line."""
    path = tmp_path / "accounts.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsInvalid) as raised:
        Mapping(path)
    assert raised.value.parameters["file"] == str(path)
    assert named in raised.value.parameters["detail"]
    assert "\n" not in raised.value.parameters["detail"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and one that is no text are refused in the same way."""
    with pytest.raises(SettingsInvalid) as missing:
        Mapping(tmp_path / "none.yml")
    assert missing.value.parameters["file"] == str(tmp_path / "none.yml")
    (tmp_path / "binary.yml").write_bytes(b"username: \xff\n")
    with pytest.raises(SettingsInvalid):
        Mapping(tmp_path / "binary.yml")


def test_the_identity_needs_nothing_of_what_is_sold(make: Make) -> None:
    """Suspending and closing work although the tariff can no longer be understood."""
    opened = service(params={"username": "user_12"}, addons={}, tariff=Tariff(7, "Broken"))
    account = make(email="client.email").identity(opened, CLOUD)
    assert account == Account(name="user_12", quota=None, email="ivan@example.org")


def test_the_identity_needs_a_saved_name(make: Make) -> None:
    """Never is an account suspended whose name was only worked out anew."""
    with pytest.raises(MappingInvalid) as raised:
        make().identity(service(), CLOUD)
    assert raised.value.parameters["field"] == "username"


def test_no_secret_is_in_reach_of_an_expression() -> None:
    """The document has the cloud's number, name and address, and nothing else of it."""
    document = service().document(CLOUD)
    assert document["cloud"] == {"id": 3, "name": "Blue", "url": "https://blue.example"}
    assert "cloudpassword" not in repr(document)
    assert "cloudpassword" not in repr(CLOUD)


def test_the_addon_that_sells_disk_space(default: Mapping) -> None:
    """The first that the expression names, by what the tariff has: also where nothing was included, or all is free."""
    free = Addon("disc", None, "mib", None, measure=3, unit_bytes=Decimal(1024**2))
    assert default.disk_addon(service(addons={"traffic": DISK, "disc": free})) is free
    with pytest.raises(DiskAddonMissing):
        default.disk_addon(service(addons={"traffic": free}))
    with pytest.raises(UnitUnknown):
        default.disk_addon(service(addons={"disk": Addon("disk", 5, "piece", None, measure=9)}))
    assert default.sold(service(), CLOUD) == 10 * GIB
