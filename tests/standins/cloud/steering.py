# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test may steer in every product that holds its accounts in a `Cloud`."""

from __future__ import annotations

from typing import Any

from standins.cloud.product import ControlRefused
from standins.cloud.quota import QuotaBreaks, QuotaRefused
from standins.cloud.seeds import SeedRefused, seed
from standins.cloud.state import Cloud


def steer(cloud: Cloud, action: str, wish: Any) -> Any:
    """Do `accounts` or `app_config` (`control.routes`). Raises ControlRefused for other actions and nonsense."""
    if action == "accounts":
        try:
            return {"created": seed(cloud, wish)}
        except (SeedRefused, QuotaRefused, QuotaBreaks) as error:
            raise ControlRefused(str(error)) from error
    if action == "app_config":
        settings = [(app, key, value) for app, values in wish.items() for key, value in values.items()]
        if not all(value is None or isinstance(value, str) for _, _, value in settings):
            raise ControlRefused("a value must be a text, or null")
        for app, key, value in settings:
            cloud.config.set(app, key, value)
        return {}
    raise ControlRefused(f"this product has no {action}")
