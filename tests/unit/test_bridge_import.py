# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import compares: accounts with tariffs, names with what is asked for, and who has them already."""

from __future__ import annotations

from typing import Any

import pytest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.imported import Claim
from bill_nextcloud.billmanager.offers import Offer
from bill_nextcloud.billmanager.service import Service, Tariff
from bill_nextcloud.errors import BadRequest, Failure
from bill_nextcloud.importing.answers import as_dict, document
from bill_nextcloud.importing.matching import Given, match
from bill_nextcloud.importing.search import Search
from bill_nextcloud.importing.services import Candidate, Imported
from bill_nextcloud.playbook import Existing

GIB = 1024**3
CLOUD = Cloud(3, "Blue", "https://blue.example", "provisioning", "")


def tariff(number: int, quota: int | None, groups: str = "", absent: str = "") -> Given:
    """One that gives these; groups with blanks between them."""
    plain = Tariff(number, f"T{number}")
    service = Service(0, "", "backupservice", 2, "", 3, plain, {}, {}, {})
    text = "none" if quota is None else str(quota)
    return Given(Offer(plain, str(number), service), text, frozenset(groups.split()), frozenset(absent.split()))


SOLD = [
    tariff(1, GIB, "customers", "premium"),
    tariff(2, 3 * GIB, "premium", "customers"),
    tariff(3, None, "customers", "premium"),
    tariff(4, 5 * GIB, "", "customers premium"),
    tariff(5, 6 * GIB, "customers premium"),
    tariff(6, 1500 * 1024**2, "customers", "premium"),
    tariff(7, 1536 * 1024**2, "customers", "premium"),
]


def account(groups: str = "customers", quotas: str = str(GIB), **values: Any) -> Existing:
    """An account; ``quotas``: those that the cloud would show as its own, with blanks between them."""
    made: dict[str, Any] = {
        "name": "anna",
        "enabled": True,
        "email": None,
        "quota": GIB,
        "backend": "Database",
        "administrator": False,
    }
    return Existing(**{**made, **values}, quotas_like_it=frozenset(quotas.split()), groups=frozenset(groups.split()))


@pytest.mark.parametrize(
    ("one", "claim", "expected"),
    [
        (account(), None, 1),
        (account("customers friends"), None, 1),
        (account(enabled=False, backend=None), None, 1),
        (account("premium", str(3 * GIB)), None, 2),
        (account(quotas="none", quota=None), None, 3),
        (account("friends", str(5 * GIB)), None, 4),
        (account("premium customers", str(6 * GIB)), None, 5),
        (account(), Claim(12, unfinished=True), 1),
        (account("customers premium"), None, "import_no_tariff"),
        (account(""), None, "import_no_tariff"),
        (account("Customers"), None, "import_no_tariff"),
        (account(quotas=""), None, "import_no_tariff"),
        (account(quotas=f"{1500 * 1024**2} {1536 * 1024**2}"), None, "import_several_tariffs"),
        (account(quota="unknown", quotas=""), None, "import_quota_unknown"),
        (account(backend="LDAP"), None, "import_elsewhere"),
        (account(administrator=True), None, "import_administrator"),
        (account(), Claim(12), "import_claimed"),
        (account(), Claim(12, deleted=True), "import_kept"),
    ],
)
def test_match(one: Existing, claim: Claim | None, expected: int | str) -> None:
    """Exactly one tariff, or the reason."""
    found = match(one, CLOUD, SOLD, claim)
    assert (found.code if isinstance(found, Failure) else found.offer.tariff.id) == expected


def test_reasons_say_what_is_there() -> None:
    """The quota as people write it, groups that count, tariffs by name and number."""
    none = match(account("customers friends", "", quota=2 * GIB), CLOUD, SOLD, None)
    assert isinstance(none, Failure)
    assert none.parameters["detail"] == "2 GiB, customers"
    several = match(account(quotas=f"{1500 * 1024**2} {1536 * 1024**2}"), CLOUD, SOLD, None)
    assert isinstance(several, Failure)
    assert several.parameters["detail"] == "T6 (6), T7 (7)"


@pytest.mark.parametrize(
    ("text", "found", "names"),
    [
        (None, "anna Boris b.c", ""),
        (" \n", "anna Boris b.c", ""),
        ("ANNA", "anna", "ANNA"),
        ("anna, boris;nobody", "anna Boris", "anna boris nobody"),
        ("an\nb?r*", "Boris", "an"),
        ("*", "anna Boris b.c", ""),
        ("b.c", "b.c", "b.c"),
        ("b.?ris", "", ""),
    ],
)
def test_search(text: str | None, found: str, names: str) -> None:
    """Names with anything between them, stars and question marks; a dot is a dot."""
    search = Search.read(text)
    assert [name for name in ("anna", "Boris", "b.c") if name in search] == found.split()
    assert list(search.names) == names.split()


def test_search_exact_and_wrong() -> None:
    """A name may hold a star; what is no text, without end, or names nobody, is refused."""
    assert "a*" in Search(("a*",), exact=True)
    assert "ab" not in Search(("a*",), exact=True)
    for wrong in (5, ["anna"], "x" * 100_001, " ,; "):
        with pytest.raises(BadRequest):
            Search.read(wrong)


def test_answers_have_an_end() -> None:
    """However many accounts a cloud has, and however long their names are: those that fit come first."""
    missing = Failure("import_account_missing", {"account": "ы", "cloud": "Blue"})
    many = [Candidate(f"{number:064}", account("ы" * 64), failure=missing) for number in range(9000)]
    many[0] = Candidate("anna", account(), SOLD[0], service=12)
    found = Imported("Blue", many)
    rows = as_dict(found)
    assert rows["accounts"][0]["result"] == "imported"
    assert rows["left_off"] == len(many) - len(rows["accounts"]) > 0
    assert len(document(found)) < 100_000
    assert 'count="8999"' in document(found)


def test_a_search_with_many_stars() -> None:
    """Takes no longer than any other: whoever names accounts cannot stop the bridge."""
    search = Search.read("*a*a*a*a*a*a*a*a*a*a*b, x?z*")
    assert "a" * 60 not in search
    assert "a" * 60 + "B" in search
    assert ["xyz" in search, "xz" in search, "XYZ 1" in search] == [True, False, True]
