# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cases expect of each product where they cannot expect the same of all. Every difference has its reason.

A further product joins by an entry here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_NO_REASONS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Product:
    """One product.

    lacks: options of an account that it has nothing for, so that a task fails with `unsupported`, and why.
    ignores: those that are left alone with a warning, and why.
    address_later: why a killed run can leave an account without its e-mail address; None: creation sets it.
    no_group_names, no_instance_quotas: why a group has no display name, and why nothing sets the quotas of the whole
    cloud; None: there is such a thing.
    whoami: a path that an account can read, below the cloud's address; reading it is a log-in.
    emails_stay: why an account that has an e-mail address cannot be left without one; None: it can.
    standin: the stand-in's name of it; None: that of the dialect.
    minimum: of the characters of a password, as the stand-in tells it; None: it tells none.
    by_occ: its occ is used, and its API for what occ cannot do; so nobody is logged in.
    over_ssh: occ is run on a server with sshd, sudo and the documented sudoers file; otherwise here, which is quicker.
    reads_beside_lists: how many requests an account takes that is one of many and as it should be. By occ: none.
    use_untold, rights_unlisted: why nothing tells how much an account uses, and no list who administers a group; None:
    something does.
    """

    whoami: str
    minimum: int | None
    lacks: Mapping[str, str] = field(default_factory=lambda: _NO_REASONS)
    ignores: Mapping[str, str] = field(default_factory=lambda: _NO_REASONS)
    address_later: str | None = None
    no_group_names: str | None = None
    no_instance_quotas: str | None = None
    emails_stay: str | None = None
    standin: str | None = None
    by_occ: bool = False
    over_ssh: bool = False
    reads_beside_lists: int = 0
    use_untold: str | None = None
    rights_unlisted: str | None = None


PRODUCTS: Mapping[str, Product] = {
    "nextcloud": Product("/ocs/v2.php/cloud/user", minimum=10),
    "owncloud": Product(
        "/ocs/v1.php/cloud/user",
        minimum=None,  # it has no policy unless an app brings one
        lacks={
            "invite": "POST users needs a password, and no call mails a link to set one",
            "manager": "accounts have no such field",
        },
        ignores={"language": "no call sets it"},
        address_later="POST users takes none",
        no_group_names="a group has its name and no other",
        no_instance_quotas="no call reads or sets them",
        reads_beside_lists=1,  # of its record; groups are listed
    ),
    "libregraph": Product(
        "/graph/v1.0/me",
        minimum=8,
        lacks={
            "invite": "it sends no mail",
            "manager": "accounts have no such field",
            "group_admin_of": "groups have no administrators of their own",
        },
        ignores={"language": "only the account itself may set it"},
        no_group_names="the name of a group is its display name",
        no_instance_quotas="they are settings of the server",
        emails_stay="an empty address is refused as a wrong one",
        standin="opencloud",
    ),
    "nextcloud by occ": Product(
        "/ocs/v2.php/cloud/user",
        minimum=None,  # a default that nobody has set
        address_later="user:add would send a mail to it",
        standin="nextcloud",
        by_occ=True,
        over_ssh=True,
        rights_unlisted="no command tells them; the API is asked where they are wished",
    ),
    "owncloud by occ": Product(
        "/ocs/v1.php/cloud/user",
        minimum=None,
        lacks={
            "invite": "user:add needs a password, and no command mails a link to set one",
            "manager": "accounts have no such field",
        },
        ignores={"language": "no command sets it"},
        no_group_names="a group has its name and no other",
        no_instance_quotas="no call reads or sets them",
        standin="owncloud",
        by_occ=True,
        use_untold="no command tells it; the API is asked where a quota is to be set",
        rights_unlisted="no command tells them; the API is asked where they are wished",
    ),
}
"""By name of the dialect, or of the dialect by its occ."""
