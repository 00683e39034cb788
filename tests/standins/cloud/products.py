# SPDX-License-Identifier: GPL-3.0-or-later
"""The products that the stand-in can be, by name."""

from __future__ import annotations

from collections.abc import Callable

from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.nextcloud import Nextcloud
from standins.cloud.owncloud.product import OwnCloud
from standins.cloud.product import Product

PRODUCTS: dict[str, Callable[[Config, Clock], Product]] = {
    "nextcloud": Nextcloud,
    "owncloud": OwnCloud,
}


def make(config: Config, clock: Clock) -> Product:
    """A new server of the product that the configuration names (`config.load` has checked the name)."""
    return PRODUCTS[config.product](config, clock)
