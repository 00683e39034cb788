# SPDX-License-Identifier: GPL-3.0-or-later
"""One table of cases for the modules beside those of accounts, with every product."""

from __future__ import annotations

from typing import Any

from dialects.cloud import PASSWORD, CloudUnderTest
from dialects.test_accounts import EMAIL, GB, fields, forget_requests, made


def test_quotas(cloud: CloudUnderTest) -> None:
    """Of some accounts; one that is missing keeps no other from being set."""
    made(cloud)
    names = [cloud.named("anna"), cloud.named("berta")]
    wish: dict[str, Any] = {"accounts": [{"name": name} for name in names], "quota": "1.5 GB"}
    planned = cloud.quota(check_mode=True, **wish)
    assert fields(planned["accounts"][0]) == ["quota"]
    assert cloud.writes() == []
    done = cloud.quota(**wish)
    assert [account["action"] for account in done["accounts"]] == ["updated", "none"]
    assert done["accounts"][0]["account"]["quota"] == 3 * GB // 2
    assert done["failure"]["code"] == "account_missing"
    assert cloud.quota(accounts=[{"name": names[0], "quota": "1.5 GB"}])["changed"] is False


def test_quotas_of_the_whole_cloud(cloud: CloudUnderTest) -> None:
    """Where the product has none that can be set, nothing is done to accounts either."""
    made(cloud)
    accounts = [{"name": cloud.named("anna"), "quota": "1 GB"}]
    result = cloud.quota(check_mode=True, default="3 GB", accounts=accounts)
    if cloud.product.no_instance_quotas is None:
        assert result["failure"] is None
        assert [(change["field"], change["after"]) for change in result["instance"]["changes"]] == [("default", 3 * GB)]
    else:
        assert (result["failure"]["code"], result["changed"]) == ("unsupported", False)
        assert result["accounts"][0]["failure"]["code"] == "unsupported"
    assert cloud.writes() == []


def test_a_group(cloud: CloudUnderTest) -> None:
    """It is made with its members, changed, and removed; its members stay."""
    made(cloud)
    made(cloud, "berta")
    anna, berta = cloud.named("anna"), cloud.named("berta")
    planned = cloud.group("team", check_mode=True, members=[anna])
    assert (planned["failure"], planned["action"]) == (None, "created")
    assert cloud.writes() == []
    done = cloud.group("team", members=[anna])
    assert (done["failure"], done["group"]["members"]) == (None, [anna])
    forget_requests(cloud)
    assert cloud.group("team", members=[anna])["changed"] is False
    assert cloud.writes() == []
    changed = cloud.group("team", members=[berta], members_exact=True)
    assert (changed["failure"], fields(changed), changed["group"]["members"]) == (None, ["members"], [berta])
    assert cloud.group("team", members=["nobody-at-all"])["failures"][0]["code"] == "account_missing"
    assert cloud.group("team", state="absent")["action"] == "deleted"
    assert cloud.group("team", state="absent")["changed"] is False
    assert cloud.info(names=[berta])["accounts"][0]["groups"] == []


def test_the_display_name_of_a_group(cloud: CloudUnderTest) -> None:
    """Where groups have none, asking for one fails before anything is made."""
    for check_mode in (True, False):
        result = cloud.group("team", check_mode=check_mode, display_name="The team")
        if cloud.product.no_group_names is None:
            assert (result["failure"], fields(result)) == (None, ["state", "display_name"])
        else:
            assert (result["failure"]["code"], result["changed"]) == ("unsupported", False)
            assert cloud.writes() == []


def test_accounts_are_listed(cloud: CloudUnderTest) -> None:
    """All, some by name, those of a group, those that a search finds: each with its groups and its rights."""
    made(cloud, groups=["one"], email=EMAIL, quota="1 GB")
    made(cloud, "berta", state="disabled")
    anna, berta, one = cloud.named("anna"), cloud.named("berta"), cloud.named("one")
    everything = {account["name"]: account for account in cloud.info()["accounts"]}
    assert {anna, berta} < everything.keys()
    assert everything[anna]["groups"] == [one]
    assert (everything[anna]["email"], everything[anna]["quota"], everything[anna]["enabled"]) == (EMAIL, GB, True)
    assert everything[berta]["enabled"] is False
    for filters, found in (
        ({"names": [berta, anna]}, [berta, anna]),
        ({"group": one}, [anna]),
        ({"search": cloud.prefix.rstrip("-")}, [anna, berta]),
        ({"search": cloud.prefix.rstrip("-"), "group": one}, [anna]),
        ({"search": cloud.prefix.rstrip("-"), "enabled": False}, [berta]),
    ):
        result = cloud.info(**filters)
        assert result["failure"] is None, result["msg"]
        assert result["accounts"] == [everything[name] for name in found]
    assert cloud.info(group=cloud.named("nothing"))["failure"]["code"] == "group_missing"
    assert cloud.writes() == []


def test_who_administers_a_group_is_listed(cloud: CloudUnderTest) -> None:
    """In the list of all, and alone."""
    if "group_admin_of" in cloud.product.lacks:
        return
    made(cloud, group_admin_of=["one"])
    if cloud.product.rights_unlisted is not None:
        assert cloud.info(names=[cloud.named("anna")])["accounts"][0]["group_admin_of"] == [cloud.named("one")]
        return
    listed = [account for account in cloud.info()["accounts"] if account["name"] == cloud.named("anna")]
    assert listed[0]["group_admin_of"] == [cloud.named("one")]
    assert cloud.info(names=[cloud.named("anna")])["accounts"] == listed


def test_a_probe(cloud: CloudUnderTest) -> None:
    """It tells what the cloud is, that the administrator may write, and what limits accounts; and changes nothing."""
    before = cloud.info()["accounts"], cloud.probe(list_groups=True, write_proof=False, read_limits=False)["groups"]
    result = cloud.probe(list_groups=True, read_space=True)
    assert (result["failure"], result["may_write"], result["maintenance"]) == (None, True, False)
    assert (result["acting_account"] or {}).get("is_admin") is (None if cloud.product.by_occ else True)
    assert result["capabilities"]
    if cloud.standin is not None:
        assert result["limits"]["password_min_length"] == cloud.product.minimum
    assert (cloud.info()["accounts"], result["groups"]) == before


def test_a_probe_as_somebody(cloud: CloudUnderTest) -> None:
    """An account that is no administrator may not write, and the probe says so. By occ it does not matter who it is."""
    made(cloud)
    if cloud.product.by_occ:
        result = cloud.acting_as(cloud.named("anna"), PASSWORD).probe()
        assert (result["failure"], result["may_write"], result["acting_account"]) == (None, True, None)
        return
    result = cloud.acting_as(cloud.named("anna"), PASSWORD).probe()
    assert (result["failure"]["code"], result["may_write"]) == ("write_not_permitted", False)
    assert result["acting_account"]["is_admin"] is False


def test_maintenance(cloud: CloudUnderTest) -> None:
    """Everything waits, and nothing is said of a log-in."""
    if cloud.standin is None:  # nobody closes a real server for a test
        return
    cloud.standin.occ_fault("maintenance") if cloud.product.by_occ else cloud.standin.fault("maintenance")
    assert cloud.probe()["failure"]["code"] == "maintenance"
    result = cloud.users({"name": cloud.named("anna"), "password": PASSWORD})
    assert result["accounts"][0]["failure"]["code"] == "maintenance"
    assert cloud.writes() == []
