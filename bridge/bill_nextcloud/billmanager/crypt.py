# SPDX-License-Identifier: GPL-3.0-or-later
"""BILLmanager's encrypted parameters: base64 of RSA PKCS#1 v1.5 under the private key that ``CryptKey`` names."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bill_nextcloud.errors import CryptKeyUnusable


class CryptKey:
    """The key in ``path`` (PEM). Read at the first use and kept in memory; read again after it did not open a value:
    somebody will put the right one in its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: rsa.RSAPrivateKey | None = None

    def _load(self, parameter: str) -> rsa.RSAPrivateKey:
        kept = self._key
        if kept is None:
            try:
                key = load_pem_private_key(self._path.read_bytes(), password=None)
            except (OSError, ValueError, TypeError) as error:
                raise CryptKeyUnusable(parameter=parameter, detail=f"{self._path}: cannot be read as a key") from error
            if not isinstance(key, rsa.RSAPrivateKey):
                raise CryptKeyUnusable(parameter=parameter, detail=f"{self._path}: not an RSA key")
            self._key = kept = key
        return kept

    def open(self, parameter: str, value: str) -> str:
        """The clear text of ``value``. Raises :class:`CryptKeyUnusable`, which names ``parameter``, never the value."""
        key = self._load(parameter)
        try:
            # OpenSSL answers a wrong key with random bytes, which are hardly ever UTF-8: both ways end here.
            return key.decrypt(base64.b64decode(value, validate=False), padding.PKCS1v15()).decode("utf-8")
        except (ValueError, binascii.Error) as error:
            self._key = None
            raise CryptKeyUnusable(parameter=parameter, detail="the value does not open with this key") from error
