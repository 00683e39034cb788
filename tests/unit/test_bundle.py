# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bundle needs of a host, by the names of its wheels; and what it does not take."""

from __future__ import annotations

import io
from pathlib import Path

import bundle
import pytest


def test_the_glibc_that_wheels_need() -> None:
    """The newest of those that each wheel is content with at least; wheels without compiled parts need none."""
    assert bundle.glibc(iter(["wheels/typer-0.29.2-py3-none-any.whl"])) == (0, 0)
    both = "greenlet-3.5.6-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"
    assert bundle.glibc(iter([both, "wheels/typer-0.29.2-py3-none-any.whl"])) == (2, 24)
    old = "cffi-2.1.1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    assert bundle.glibc(iter([old])) == (2, 17)
    assert bundle.glibc(iter([old, both, "cryptography-50.0.2-cp311-abi3-manylinux_2_34_x86_64.whl"])) == (2, 34)


def packed(directory: Path, files: dict[str, bytes]) -> Path:
    """A tar file with ``files`` and their sums."""
    content = io.BytesIO()
    bundle.write_tar(content, "top", {**files, bundle.SUMS: bundle.sums(files)}, set(), 0)
    path = directory / "some.tar"
    path.write_bytes(content.getvalue())
    return path


def test_another_tar_file_is_no_bundle(tmp_path: Path) -> None:
    """Nor is what is no tar file, or would be unpacked elsewhere."""
    with pytest.raises(bundle.BundleUnusable, match="no bundle of bill-nextcloud"):
        bundle.verify(packed(tmp_path, {"README.md": b""}))
    with pytest.raises(bundle.BundleUnusable, match="no part of a bundle"):
        bundle.verify(packed(tmp_path, {"../README.md": b""}))
    with pytest.raises(bundle.BundleUnusable, match="no part of a bundle"):
        bundle.verify(packed(tmp_path, {"/README.md": b""}))
    for manifest in (b'{"version": "../../etc"}', b"[]", b"no JSON"):
        with pytest.raises(bundle.BundleUnusable, match="is damaged"):
            bundle.verify(packed(tmp_path, {bundle.MANIFEST: manifest}))
    (tmp_path / "text").write_text("text", "utf-8")
    with pytest.raises(bundle.BundleUnusable, match="cannot be read"):
        bundle.verify(tmp_path / "text")
    with pytest.raises(bundle.BundleUnusable, match="cannot be read"):
        bundle.verify(tmp_path / "nowhere")


def test_the_same_content_is_the_same_release(tmp_path: Path) -> None:
    """However it is packed, and nothing else is."""
    files = {bundle.MANIFEST: b'{"version": "1.2.3"}', "README.md": b"one"}
    release = bundle.verify(packed(tmp_path, files))["release"]
    assert release == bundle.verify(packed(tmp_path, dict(reversed(files.items()))))["release"]
    assert release.startswith("1.2.3-")
    assert release != bundle.verify(packed(tmp_path, {**files, "README.md": b"two"}))["release"]
