# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for BILLmanager: a small mgr5 tree that sells services and runs a processing module for them.

It knows what the vendor's documentation and published modules show of the contract between BILLmanager and a
processing module, and no more. Where that is open (the retry interval, the columns of `runningoperation`, the effect of
`service.postopen`), the choice made here is named in the docstring concerned.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .errors import NoCredentials, OperationNotEnded, PanelError
    from .panel import Panel
    from .run import ModuleError, Run

__all__ = ["ModuleError", "NoCredentials", "OperationNotEnded", "Panel", "PanelError", "Run"]

_HOMES = {"Panel": "panel", "Run": "run", "ModuleError": "run"}


def __getattr__(name: str) -> object:
    """Imports on first use: mgrctl is started several times per operation and needs none of this."""
    if name not in __all__:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)
