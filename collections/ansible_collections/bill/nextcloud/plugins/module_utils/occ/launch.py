# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How occ is started on this host: by which command, and as whom.

occ refuses to run as anybody but the owner of config.php. Source: console.php of Nextcloud and ownCloud.
"""

from __future__ import annotations

import os
import pwd
import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.module_utils.occ.find import find_occ, find_php, program
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.refusals import Unusable


@dataclass(frozen=True)
class Owner:
    """A user of this host. ``name`` as sudo takes it: a number has a ``#`` before it."""

    uid: int
    gid: int
    name: str
    home: str | None


@dataclass(frozen=True)
class Launch:
    """``command`` starts occ, which is given its arguments after it; ``user`` is whom it runs as, None if only
    ``command`` knows; ``becomes``: root's child becomes this user before; ``by_sudo``: sudo is part of ``command``."""

    command: tuple[str, ...]
    user: str | None = None
    becomes: Owner | None = None
    by_sudo: bool = False

    def become(self) -> None:
        """Become the user; to be called in the child."""
        if self.becomes is None:
            return
        if self.becomes.name.startswith("#"):
            os.setgroups([self.becomes.gid])
        else:
            os.initgroups(self.becomes.name, self.becomes.gid)
        os.setgid(self.becomes.gid)
        os.setuid(self.becomes.uid)


def launch(occ_path: str | None, php_path: str | None, occ_command: t.Sequence[str] | None) -> Launch:
    """Find out how occ is started. ``occ_command`` is the whole command, and excludes the two others.

    :raises Unusable: something is missing.
    """
    if occ_command is not None:
        if not occ_command or program(occ_command[0]) is None:
            raise Unusable(f"occ_command does not begin with a program of this host: {' '.join(occ_command)}")
        return Launch(tuple(occ_command), by_sudo=os.path.basename(occ_command[0]) == "sudo")
    occ = find_occ(occ_path)
    command = (find_php(php_path), occ)
    owner = find_owner(occ)
    if os.geteuid() == owner.uid:
        return Launch(command, owner.name)
    if os.geteuid() == 0:
        return Launch(command, owner.name, becomes=owner)
    sudo = program("sudo")
    if sudo is None:
        raise Unusable(
            f"occ has to run as {owner.name}, this is {_user(os.geteuid()).name}, and there is no sudo. Use become to "
            f"be {owner.name} or root."
        )
    # Not with --preserve-env=OC_PASS: sudo writes the values of variables that are named to it into its log.
    return Launch((sudo, "-n", "-u", owner.name, "--", *command), owner.name, by_sudo=True)


def find_owner(occ: str) -> Owner:
    """Return the owner of config.php, in occ's own place for it.

    Where this user cannot look into the directories, the owner of the innermost one that can be seen is taken, unless
    that is root. (occ refuses to run as anybody else than the owner of config.php, so nothing wrong comes of it.)

    :raises Unusable: the owner cannot be seen; or this is root, and so is config.php's owner, but not that of what it
        is in, who could have put it there (by a link, or by another name) to have code beside it run as root.
    """
    beside = os.path.dirname(os.path.realpath(occ))
    # Source: OC::initPaths of Nextcloud, lib/base.php
    directory = os.environ.get("NEXTCLOUD_CONFIG_DIR") or os.path.join(beside, "config")
    config = os.path.join(directory, "config.php")
    for path in (config, directory, beside):
        try:
            seen = os.stat(path)
        except PermissionError:
            continue
        except (FileNotFoundError, NotADirectoryError):
            raise Unusable(
                f"there is no {path}, whose owner runs occ. Is {occ} the right one, and the cloud installed?"
            ) from None
        if path == config and seen.st_uid == os.geteuid() == 0:
            others = [one for one in (directory, beside) if os.stat(one).st_uid != 0]
            if others:
                raise Unusable(
                    f"{config} is root's, in {others[0]}, which is not. Code of that directory's owner would run as "
                    "root. Give the file to the user of the cloud."
                )
        if path == config or seen.st_uid != 0:
            return _user(seen.st_uid, seen.st_gid)
    raise Unusable(
        f"this user cannot see whose {config} is, so that it is unknown who runs occ. Let it look into {beside}, or "
        f"use become."
    )


def _user(uid: int, gid: int | None = None) -> Owner:
    """Return a user by its number; ``gid`` is for one without an entry in the user database."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Owner(uid, uid if gid is None else gid, f"#{uid}", None)
    return Owner(uid, entry.pw_gid, entry.pw_name, entry.pw_dir)
