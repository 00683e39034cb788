# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides in two languages: each has its translation, which has the same numbers, and links within its language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness.worker import REPOSITORY

TRANSLATED = (
    "README",
    "docs/clouds",
    "docs/configure",
    "docs/install",
    "docs/migrate",
    "docs/occ",
    "docs/operate",
    "docs/performance",
    "docs/recover",
    "docs/servers",
)


def read(name: str) -> str:
    """A document of the repository."""
    return (REPOSITORY / name).read_text(encoding="utf-8")


def results(name: str) -> list[str]:
    """The rows of a document's tables that hold a measured value."""
    return re.findall(r"(?m)^\|[^|]+\| [\d.]+ \|.*$", read(name))


def test_measured_values_are_the_same() -> None:
    """In both languages, row by row."""
    assert len(results("docs/performance.md")) > 30
    assert results("docs/performance.ru.md") == results("docs/performance.md")


@pytest.mark.parametrize("name", TRANSLATED)
def test_each_language_links_to_the_other_and_to_itself(name: str) -> None:
    """At the top to the other; everywhere else a document that has a translation is linked in the reader's language."""
    own = Path(name).name
    english, russian = read(f"{name}.md"), read(f"{name}.ru.md")
    assert english.splitlines()[2] == f"*[По-русски]({own}.ru.md)*"
    assert russian.splitlines()[2] == f"*[In English]({own}.md)*"
    translated = {Path(one).name for one in TRANSLATED}
    for text, ending in ((english, ".md"), (russian, ".ru.md")):
        for target, anchor in re.findall(r"\]\(([^)#:]+\.md)(#[^)]+)?\)", text.split("\n", 3)[3]):
            document = Path(target).name.removesuffix(".md").removesuffix(".ru")
            # The collection speaks English only, and so does the list of the names in JSON.
            if document in translated and "collections/" not in target and anchor != "#json":
                assert Path(target).name == document + ending


@pytest.mark.parametrize("name", TRANSLATED)
def test_links_lead_somewhere(name: str) -> None:
    """Each file that is linked is there, and has the heading."""
    for path in (f"{name}.md", f"{name}.ru.md"):
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", read(path)):
            document = (REPOSITORY / path).parent / target if target else REPOSITORY / path
            assert document.exists(), f"{path}: {target}"
            if anchor:
                assert anchor in anchors(document.read_text(encoding="utf-8")), f"{path}: {target}#{anchor}"


@pytest.mark.parametrize("name", ["docs/occ.md", "docs/occ.ru.md"])
def test_the_sudoers_file_is_shown_as_it_is(name: str) -> None:
    """The one that the tests use."""
    (shown, *_) = re.findall(r"(?ms)^```sudoers\n(.+?)^```$", read(name))
    assert shown == read("docs/examples/nextcloud-occ.sudoers")


def anchors(text: str) -> set[str]:
    """Of the headings of a document, as hosts of Git repositories make them."""
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"(?m)^#+ (.+)$", text)
    }
