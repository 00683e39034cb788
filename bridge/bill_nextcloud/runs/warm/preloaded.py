# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the warm start knows of Ansible's insides: what is loaded before the fork, and what is set anew after it.

The process is started with the settings that its runs have (``key``), so what Ansible reads once at its start is right
for all of them. Never loaded beforehand is awx_display, ansible-runner's callback: it changes Ansible when it is.
"""

from __future__ import annotations

import atexit
import os
import sys
import warnings
from collections.abc import Sequence

# The releases of ansible-core with which runs from here and cold ones were compared.
RELEASES = ("2.19",)
# What the callback of ansible-runner builds upon, and what Ansible tries each time, as it looks for enabled ones.
_CALLBACKS = ("default", "junit", "minimal", "oneline", "tree")
_TEMPORARY = "DEFAULT_LOCAL_TMP"
_ACTIONS = (
    "ansible.builtin.assert",
    "ansible.builtin.set_stats",
    "bill.nextcloud.nextcloud_probe",
    "bill.nextcloud.nextcloud_users",
    "bill.nextcloud.nextcloud_user_info",
)


def known(version: str) -> bool:
    """Whether ansible-core of this version was tried."""
    return ".".join(version.split(".")[:2]) in RELEASES


def load() -> None:
    """Load what the playbooks of the bridge take. Settings and secrets of a run are not known yet."""
    # First: it sets up what the others import.

    from ansible import constants
    from ansible._internal._templating._engine import TemplateEngine
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins import loader
    from ansible.template import trust_as_template
    from ansible.utils.path import cleanup_tmp_file

    # The collections' path is a setting that cannot be changed later: it is the same for all runs.
    loader.init_plugin_loader()
    for name in _ACTIONS:
        loader.action_loader.get(name, class_only=True)
        loader.module_loader.find_plugin(name)
    for name in _CALLBACKS:
        loader.callback_loader.get(name, class_only=True)
    for plugins in (
        loader.become_loader,
        loader.cache_loader,
        loader.connection_loader,
        loader.inventory_loader,
        loader.shell_loader,
        loader.strategy_loader,
        loader.vars_loader,
    ):
        # As a run does to read their options, which are YAML: the most of what is saved here.
        list(plugins.all(class_only=True))
    # Filters and tests are found by the first template.
    engine = TemplateEngine(loader=DataLoader(), variables={})
    engine.template(trust_as_template("{{ [] | map('string') | list | length }} {{ 1 is defined }}"))
    # Its own directory for temporary files; a run makes one for itself.
    atexit.unregister(cleanup_tmp_file)
    cleanup_tmp_file(getattr(constants, _TEMPORARY))


def run(arguments: Sequence[str]) -> int:
    """Be ``ansible-playbook`` with these arguments (its name included) in a process that was forked from one that has
    loaded it; ``os.environ`` is the run's. Returns the exit status."""
    import ansible.utils.vars
    from ansible import constants
    from ansible.cli.playbook import PlaybookCLI

    # In it are the path of the run's directory and the number of this process.
    constants.set_constant(_TEMPORARY, constants.config.get_config_value(_TEMPORARY))
    # Random, and a part of the names of plays and tasks: two runs would share them.
    ansible.utils.vars.random_int = f"{int.from_bytes(os.urandom(4), 'big'):08x}"
    # ansible-playbook sets up its collections, which was done with the same settings.
    warnings.filterwarnings("ignore", message="AnsibleCollectionFinder has already been configured")
    sys.argv = list(arguments)
    try:
        PlaybookCLI.cli_executor(sys.argv)
    except SystemExit as end:
        status = end.code
    finally:
        # The directory for temporary files is among what is taken away now.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    return status if isinstance(status, int) else int(status is not None)
