# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of Nextcloud for apps (core/Command/App, 31). An app is there when it has a key `enabled`, or was unpacked
into `apps` beside occ. Their versions are the server's, which real ones need not be, unless they have an
`installed_version` or an `appinfo/info.xml`."""

from __future__ import annotations

import re

from standins.cloud.occ.command import Run

_STORE = {"user_oidc": "8.10.1", "user_saml": "7.1.6"}
"""What the app store has."""


def _there(run: Run) -> dict[str, str]:
    """The versions of the apps that are there."""
    config = run.cloud.config
    found = {
        app: config.get(app, "installed_version", run.cloud.release.version_text)
        for app in config.apps()
        if "enabled" in config.keys(app)
    }
    if run.machine.directory is not None:
        for path in run.machine.directory.glob("apps/*/appinfo/info.xml"):
            version = re.search(r"<version>(.*?)</version>", path.read_text(encoding="utf-8"))
            if version:
                found.setdefault(path.parents[1].name, version[1])
    return found


def list_apps(run: Run) -> int:
    """app:list."""
    told: dict[str, dict[str, str]] = {"enabled": {}, "disabled": {}}
    for app, version in sorted(_there(run).items()):
        told["enabled" if run.cloud.config.flag(app, "enabled", "no") else "disabled"][app] = version
    run.out.array(told)
    return 0


def _download(run: Run, app: str) -> str | None:
    """The version of an app that the app store had; None when it has none, or is not asked."""
    wanted = run.machine.system.get("appstoreenabled", True)
    return _STORE.get(app) if wanted else None


def install(run: Run) -> int:
    """app:install."""
    app = run.input.argument("app-id")
    if app in _there(run):
        return run.out.fail(f"{app} already installed")
    version = _download(run, app)
    if version is None:
        return run.out.fail(f"Error: Could not download app {app}")
    keep_disabled = run.input.has("keep-disabled")
    run.cloud.config.set(app, "installed_version", version)
    run.cloud.config.set(app, "enabled", "no" if keep_disabled else "yes")
    run.out.line(f"{app} {version} installed")
    if not keep_disabled:
        run.out.line(f"{app} enabled")
    return 0


def enable(run: Run) -> int:
    """app:enable, of apps for everybody."""
    status = 0
    for app in run.input.arguments["app-id"]:
        version = _there(run).get(app) or _download(run, app)
        if version is None:
            status = run.out.fail(f"Could not download app {app}")
        elif run.cloud.config.flag(app, "enabled", "no"):
            run.out.line(f"{app} already enabled")
        else:
            run.cloud.config.set(app, "installed_version", version)
            run.cloud.config.set(app, "enabled", "yes")
            run.out.line(f"{app} {version} enabled")
    return status
