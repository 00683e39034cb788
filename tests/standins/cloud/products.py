# SPDX-License-Identifier: GPL-3.0-or-later
"""The products that the stand-in can be, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.nextcloud import Nextcloud
from standins.cloud.opencloud.server import OpenCloud
from standins.cloud.owncloud.product import OwnCloud
from standins.cloud.product import Product
from standins.cloud.releases import NEXTCLOUD_17, NEXTCLOUD_31

PRODUCTS: dict[str, Callable[[Config, Clock], Product]] = {
    "nextcloud": partial(Nextcloud, release=NEXTCLOUD_31),
    "nextcloud-17": partial(Nextcloud, release=NEXTCLOUD_17),
    "owncloud": OwnCloud,
    "opencloud": OpenCloud,
}


def make(config: Config, clock: Clock) -> Product:
    """A new server of the product that the configuration names (`config.load` has checked the name)."""
    return PRODUCTS[config.product](config, clock)
