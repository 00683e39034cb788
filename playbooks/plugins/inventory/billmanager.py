# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory of what BILLmanager sold: each cloud is a host, its sold accounts are data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin

try:
    from bill_nextcloud.billmanager.messages import text
    from bill_nextcloud.errors import OperationError
    from bill_nextcloud.settings import read_settings
    from bill_nextcloud.sold import sold_clouds
except (
    ImportError
) as error:  # Ansible loads this plugin for every inventory, also of people who use the collection alone
    MISSING: ImportError | None = error
else:
    MISSING = None

DOCUMENTATION = """
name: billmanager
short_description: Clouds and what was sold on them, from BILLmanager
description:
  - Each processing module C(pmnextcloud) of BILLmanager becomes a host C(cloud_<number>) of the group C(clouds).
  - Passwords are no part of it; the variables beside the inventory look them up when a task needs them.
options:
  plugin:
    description: Must be V(billmanager).
    required: true
    choices: [billmanager]
  settings:
    description: The settings file of bill-nextcloud.
    type: path
    default: /etc/bill-nextcloud/settings.toml
    env:
      - name: BILL_NEXTCLOUD_SETTINGS
"""


class InventoryModule(BaseInventoryPlugin):
    """See DOCUMENTATION."""

    NAME = "billmanager"

    def verify_file(self, path: str) -> bool:
        """Whether ``path`` may be a configuration of this plugin."""
        return bool(super().verify_file(path)) and Path(path).name == "billmanager.yml"

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Fill ``inventory``. Raises ``AnsibleParserError`` when the settings or BILLmanager cannot be read."""
        super().parse(inventory, loader, path, cache)
        if MISSING is not None:
            raise AnsibleParserError(
                f"bill-nextcloud is not installed in Ansible's Python ({MISSING}): activate its .venv"
            )
        self._read_config_data(path)
        settings_path = self.get_option("settings")
        inventory.add_group("clouds")
        try:
            settings = read_settings(Path(settings_path))
            clouds, unusable = sold_clouds(settings)
        except OperationError as error:
            raise AnsibleParserError(text(error.failure, "en")) from None
        if settings.runs.workers:
            self.display.warning(
                "The bridge's runs go to worker hosts, which have the clouds' passwords. A run from here logs in with"
                " the password in the processing module, which must be the real one."
            )
        for problem in unusable:
            self.display.warning(text(problem.failure, "en"))
        for cloud in clouds:
            inventory.add_host(cloud.host, group="clouds")
            variables: dict[str, Any] = cloud.variables | {"billmanager_settings": settings_path}
            for name, value in variables.items():
                inventory.set_variable(cloud.host, name, value)
