# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks up passwords that BILLmanager keeps encrypted, at the moment when a task needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from bill_nextcloud.billmanager.connection import database_of
from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.errors import OperationError
from bill_nextcloud.settings import read_settings
from bill_nextcloud.sold import account_passwords

DOCUMENTATION = """
name: billmanager_password
short_description: Passwords from BILLmanager
description:
  - Reads the password of a cloud's administrator, or those of the accounts sold on it, from BILLmanager.
options:
  _terms:
    description: V(cloud) or V(accounts).
    required: true
  module:
    description: Number of the processing module.
    type: int
    required: true
  settings:
    description: The settings file of bill-nextcloud.
    type: path
    required: true
"""


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """One value for each term: text for V(cloud), a dictionary by account name for V(accounts)."""
        self.set_options(var_options=variables, direct=kwargs)
        module = self.get_option("module")
        try:
            database = database_of(read_settings(Path(self.get_option("settings"))).billmanager)
            found: list[Any] = []
            for term in terms:
                if term == "cloud":
                    found.append(database.cloud(module).password)
                elif term == "accounts":
                    found.append(account_passwords(database, module))
                else:
                    raise AnsibleLookupError(f"billmanager_password knows 'cloud' and 'accounts', not {term!r}")
            return found
        except OperationError as error:
            raise AnsibleLookupError(text(error.failure, "en")) from None
