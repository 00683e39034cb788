# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a settings file with the bridge's own reader; run by playbooks/bridge.yml with the interpreter of a release.

The argument is the file. Prints what the playbook has to know of it as JSON, or says what is wrong and fails.
"""

import json
import sys
from pathlib import Path

from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.errors import OperationError
from bill_nextcloud.settings import read_settings

try:
    settings = read_settings(Path(sys.argv[1]))
except OperationError as error:
    sys.exit(text(error.failure, "en"))
print(json.dumps({"billmanager": str(settings.billmanager.root), "state": str(settings.bridge.state_directory)}))
