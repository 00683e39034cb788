# SPDX-License-Identifier: GPL-3.0-or-later
"""A task on many accounts, which are looked for in pages or lists: what comes of it is the same as one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from ansible_collections.bill.nextcloud.plugins.plugin_utils import listed
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud import accounts as owncloud

from dialects.cloud import PASSWORD, CloudUnderTest
from dialects.products import PRODUCTS
from dialects.test_accounts import forget_requests, made

GB = 1024**3
FEW = 4


@contextmanager
def few_are_many() -> Iterator[None]:
    """Lists are read for the few accounts of a case, whatever the groups of the cloud."""
    with patch.object(listed, "MANY", FEW), patch.object(owncloud, "NAMES_FOR_EACH_GROUP", 0.1):
        yield


def wishes(cloud: CloudUnderTest, **first: Any) -> list[dict[str, Any]]:
    """Accounts of the case that exist, of which the first is to be another one."""
    same = {"state": "exists", "quota": "1 GB", "groups": [cloud.named("one")], "email": "anna@example.org"}
    return [{"name": cloud.named(f"account-{number}"), **same, **({} if number else first)} for number in range(FEW)]


def reads(cloud: CloudUnderTest) -> list[int]:
    """How many requests have read each account for itself since they were last forgotten."""
    assert cloud.standin is not None
    paths = [entry["path"] for entry in cloud.standin.requests() if entry["method"] == "GET"]
    return [sum(f"/{cloud.named(f'account-{number}')}" in path for path in paths) for number in range(FEW)]


def test_many_accounts(cloud: CloudUnderTest) -> None:
    """Those that are right take no more requests than they must with this product, and each of the others its own."""
    for number in range(FEW):
        made(cloud, f"account-{number}", quota="1 GB", groups=["one"], email="anna@example.org")
    with few_are_many():
        result = cloud.users(*wishes(cloud))
        assert result["summary"] == {"total": FEW, "changed": 0, "failed": 0, "unchanged": FEW}
        assert {account["account"]["quota"] for account in result["accounts"]} == {GB}
        if cloud.standin is not None:
            assert reads(cloud) == [cloud.product.reads_beside_lists] * FEW
        if cloud.standin is not None and cloud.product.by_occ:
            # The API's lists serve both ways together.
            either = cloud.with_connection(transport="auto")
            assert either.users(*wishes(cloud))["summary"]["unchanged"] == FEW
            assert reads(cloud) == [PRODUCTS[cloud.dialect].reads_beside_lists] * FEW
        forget_requests(cloud)
        for check_mode in (True, False):
            result = cloud.users(*wishes(cloud, quota="2 GB"), check_mode=check_mode)
            assert result["summary"] == {"total": FEW, "changed": 1, "failed": 0, "unchanged": FEW - 1}
            assert result["accounts"][0]["changes"] == [{"field": "quota", "before": GB, "after": 2 * GB}]
        assert result["accounts"][0]["account"]["quota"] == 2 * GB
        assert cloud.users(*wishes(cloud, quota="2 GB"))["summary"]["changed"] == 0


def test_an_account_that_comes_between_and_one_that_goes(cloud: CloudUnderTest) -> None:
    """A new account among those that are right, and one that is deleted in the same task."""
    for number in range(1, FEW):
        made(cloud, f"account-{number}", quota="1 GB", groups=["one"], email="anna@example.org")
    made(cloud, "old")
    new = {"state": "present", "password": PASSWORD}
    gone = {"name": cloud.named("old"), "state": "absent"}
    with few_are_many():
        result = cloud.users(*wishes(cloud, **new), gone)
        assert [account["action"] for account in result["accounts"]] == ["created", *["none"] * (FEW - 1), "deleted"]
        assert result["summary"]["failed"] == 0
        if not result["accounts"][0]["pending"]:
            assert cloud.users(*wishes(cloud, **new), gone)["summary"]["changed"] == 0
