# SPDX-License-Identifier: GPL-3.0-or-later
"""BILLmanager's encrypted parameters: opened with the right key only, and never shown."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.errors import CryptKeyUnusable
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

CLEAR = "p4ss-Wörd_ключ"


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    """The key as a file holds it."""
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, encryption)


@pytest.fixture(scope="module")
def ours() -> rsa.RSAPrivateKey:
    """BILLmanager's key."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def other() -> rsa.RSAPrivateKey:
    """Another key of the same size."""
    return rsa.generate_private_key(65537, 2048)


def key_file(directory: Path, content: bytes) -> CryptKey:
    """A key of that content."""
    path = directory / "billmgr.pem"
    path.write_bytes(content)
    return CryptKey(path)


def encrypted(key: rsa.RSAPrivateKey, clear: bytes) -> str:
    """The form in which BILLmanager stores it."""
    return base64.b64encode(key.public_key().encrypt(clear, padding.PKCS1v15())).decode()


def refused(key: CryptKey, value: str) -> CryptKeyUnusable:
    """The error of opening ``value``, which must name the parameter and hold neither form of the value."""
    with pytest.raises(CryptKeyUnusable) as raised:
        key.open("userpassword", value)
    error = raised.value
    assert error.parameters["parameter"] == "userpassword"
    assert CLEAR not in str(error)
    assert not value or value not in str(error)
    return error


@pytest.mark.parametrize("clear", [CLEAR, "x", "a" * 245])
def test_the_right_key_opens(tmp_path: Path, ours: rsa.RSAPrivateKey, clear: str) -> None:
    """Also with the line breaks that some tools put into base64."""
    key = key_file(tmp_path, pem(ours))
    value = encrypted(ours, clear.encode())
    assert key.open("password", value) == clear
    assert key.open("password", "\n".join(value[start : start + 64] for start in range(0, len(value), 64))) == clear


def test_the_key_is_read_once(tmp_path: Path, ours: rsa.RSAPrivateKey) -> None:
    """Later openings need no file."""
    key = key_file(tmp_path, pem(ours))
    value = encrypted(ours, CLEAR.encode())
    assert key.open("password", value) == CLEAR
    (tmp_path / "billmgr.pem").unlink()
    assert key.open("password", value) == CLEAR


def test_the_wrong_key_does_not_open(tmp_path: Path, ours: rsa.RSAPrivateKey, other: rsa.RSAPrivateKey) -> None:
    """OpenSSL makes random bytes of it: hardly ever text (about one in a hundred), and never the clear text."""
    key = key_file(tmp_path, pem(other))
    found: list[object] = []
    for _ in range(30):
        try:
            found.append(key.open("password", encrypted(ours, CLEAR.encode())))
        except CryptKeyUnusable as error:
            found.append(error.parameters)
    assert CLEAR not in found
    assert found.count({"parameter": "password", "detail": "the value does not open with this key"}) >= 24


@pytest.mark.parametrize(
    "value",
    ["", "not base64 at all!", "кириллица", "QUJD", "A" * 344, "A" * 684, "abc", "-----BEGIN-----"],
)
def test_what_is_not_encrypted_is_refused(tmp_path: Path, ours: rsa.RSAPrivateKey, value: str) -> None:
    """Values in clear, in part, too short or longer than the key's one block end in the one error."""
    refused(key_file(tmp_path, pem(ours)), value)


def test_what_is_no_text_is_refused(tmp_path: Path, ours: rsa.RSAPrivateKey) -> None:
    """Bytes that are no UTF-8 are not handed on."""
    refused(key_file(tmp_path, pem(ours)), encrypted(ours, b"\xff\xfe"))


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """The file is in the error, so that somebody can look."""
    error = refused(CryptKey(tmp_path / "none.pem"), "QUJD")
    assert str(tmp_path / "none.pem") in error.parameters["detail"]


def test_what_is_no_usable_key_is_named(tmp_path: Path, ours: rsa.RSAPrivateKey) -> None:
    """No PEM, a key with a password, a key of another kind."""
    usable = encrypted(ours, CLEAR.encode())
    for content in (
        b"",
        b"no key",
        pem(ours)[:200],
        pem(ours, b"phrase"),
        pem(ec.generate_private_key(ec.SECP256R1())),
    ):
        error = refused(key_file(tmp_path, content), usable)
        assert str(tmp_path / "billmgr.pem") in error.parameters["detail"]
