# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the services that BILLmanager sells by this module; run by playbooks/bridge.yml before it uninstalls anything.

The argument is the settings file. Prints how many are not deleted, or are and have an account that still is to be; or
says why that is not known, and fails.
"""

import sys
from pathlib import Path

from bill_nextcloud.billmanager.asked import deletions
from bill_nextcloud.billmanager.connection import database_of
from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.billmanager.service import ACTIVE, PROCESSING, SUSPENDED
from bill_nextcloud.errors import OperationError
from bill_nextcloud.settings import read_settings

try:
    database = database_of(read_settings(Path(sys.argv[1])).billmanager)
    modules = [module for module, _ in database.clouds()]
    sold = sum(len(database.services_of(module, (ACTIVE, SUSPENDED, PROCESSING))) for module in modules)
    print(sold + len(deletions(database)))
except OperationError as error:
    sys.exit(text(error.failure, "en"))
