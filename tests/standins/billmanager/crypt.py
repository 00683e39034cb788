# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted parameters: base64 of RSA PKCS#1 v1.5 under etc/billmgr.pem, one block only (245 bytes at 2048 bits)."""

from __future__ import annotations

import base64
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .errors import MgrError

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import StrPath

PADDING_BYTES = 11


def write_key(path: Path) -> None:
    """Makes an RSA key of 2048 bits at `path`, readable by its owner only."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)


@lru_cache(maxsize=8)
def _key(path: str) -> rsa.RSAPrivateKey:
    with open(path, "rb") as file:
        # It is from `write_key`: to prove that it is a good one takes as long as two calls of mgrctl.
        key = serialization.load_pem_private_key(file.read(), password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def encrypt(path: StrPath, value: str) -> str:
    """The form in which a crypted parameter is stored. `MgrError` value_too_long when it does not fit one block."""
    key = _key(os.fspath(path))
    clear = value.encode()
    limit = key.key_size // 8 - PADDING_BYTES
    if len(clear) > limit:
        raise MgrError("value_too_long", "crypted", str(limit))
    return base64.b64encode(key.public_key().encrypt(clear, padding.PKCS1v15())).decode("ascii")


def decrypt(path: StrPath, value: str) -> str:
    """The clear text of a stored crypted parameter. `ValueError` when it is no such value."""
    return _key(os.fspath(path)).decrypt(base64.b64decode(value, validate=True), padding.PKCS1v15()).decode()
