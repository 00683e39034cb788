# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands at which a person waits: forms, and questions about one value. None makes an operation, waits behind
one, or writes anything on a cloud; each is over within seconds, whatever the cloud does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import Failure
from bill_nextcloud.forms.configuration import get_server_config
from bill_nextcloud.forms.connection import tune_connection
from bill_nextcloud.forms.groups import CloudGroups
from bill_nextcloud.forms.module import SuitableModule
from bill_nextcloud.forms.panel import open_panel
from bill_nextcloud.forms.parameter import check_param
from bill_nextcloud.forms.tariff import tune_tariff
from bill_nextcloud.holds import Holds
from bill_nextcloud.mapping import Mapping as Expressions
from bill_nextcloud.playbook import Runs

Form = Callable[[Mapping[str, Any]], str | Failure]


def forms(runs: Runs, database: Database, mgrctl: Mgrctl, holds: Holds, mapping: Expressions) -> dict[str, Form]:
    """What answers each command: a call (options of the module as texts; ``document``: its standard input) to the
    document to print, or a failure. Each raises ``OperationError`` besides."""
    groups = CloudGroups(runs, database, holds)
    return {
        "check_param": partial(check_param, database),
        "get_server_config": partial(get_server_config, groups, mgrctl),
        "get_suitable_module": SuitableModule(groups, database, holds, mapping),
        "pricelist_dynamic_settings_tune": partial(tune_tariff, groups),
        "transition_control_panel": partial(open_panel, database),
        "tune_connection": tune_connection,
        # The vendor's library knows it by this name.
        "CONNECTION_FORM_TUNE": tune_connection,
    }
