# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of BILLmanager: what is read of them, what is refused, and that nothing is lost on the way back."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from bill_nextcloud.billmanager.form import add_list, fits, parse, render, values
from bill_nextcloud.billmanager.server_config import LONGEST, Listing, read, write
from bill_nextcloud.errors import BadRequest
from hypothesis import given
from hypothesis import strategies as st

BOMB = (
    '<!DOCTYPE doc [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><doc><url>&c;</url></doc>'
)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param(" \n", id="blank"),
        pytest.param(["<doc/>"], id="no text"),
        pytest.param("<doc><password>hunter2</password>", id="cut"),
        pytest.param("<doc><password>hunter2</password", id="cut in a tag"),
        pytest.param("<doc><password>hunter2</wrong></doc>", id="not nested"),
        pytest.param("<doc><password>&hunter2;</password></doc>", id="an entity"),
        pytest.param("hunter2", id="no XML"),
        pytest.param("<doc/><doc/>", id="two documents"),
        pytest.param("<hunter2/>", id="another root"),
        pytest.param("<doc>hunter2\x00</doc>", id="a zero"),
        pytest.param("<doc>hunter2\udcff</doc>", id="no UTF-8"),
        pytest.param(BOMB, id="entities that grow"),
        pytest.param('<!DOCTYPE doc SYSTEM "file:///etc/passwd"><doc/>', id="a type elsewhere"),
        pytest.param("<doc>" + "<a>" * 5000 + "</a>" * 5000 + "</doc>", id="nested"),
    ],
)
def test_what_is_no_form(document: Any) -> None:
    """Each is this error, in words that repeat nothing of the form."""
    with pytest.raises(BadRequest) as raised:
        parse(document)
    assert "hunter2" not in str(raised.value)


def test_a_document_type_is_named() -> None:
    """So that whoever made it knows why it is refused although it is XML."""
    with pytest.raises(BadRequest) as raised:
        parse("<!DOCTYPE doc><doc/>")
    assert "document type" in raised.value.parameters["detail"]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_what_was_in_a_form_comes_back(text: str) -> None:
    """Whatever it is, a secret too; declaration and comments are nobody's value."""
    root = ElementTree.Element("doc", func="processing.add.user")
    ElementTree.SubElement(root, "password", note=text).text = text
    ElementTree.SubElement(ElementTree.SubElement(root, "odd"), "child").tail = text
    document = '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")
    again = ElementTree.fromstring(render(parse(document)))
    assert ElementTree.tostring(again) == ElementTree.tostring(root)


def test_line_ends_within_a_value_stay() -> None:
    """As the XML means them."""
    document = "<doc><a>one&#13;&#10;two\nthree</a></doc>"
    assert parse(render(parse(document))).findtext("a") == "one\r\ntwo\nthree"


def test_values_of_a_field() -> None:
    """Once, several times, and not at all."""
    form = parse("<doc><g> a </g><g/><g>b</g><h><g>c</g></h></doc>")
    assert (values(form, "g"), values(form, "x")) == (["a", "b"], [])


def test_a_list_takes_the_place_of_the_one_before() -> None:
    """Others stay; what XML cannot hold is left out."""
    form = parse("<doc><slist name='g'><msg>old</msg></slist><slist name='h'><msg>x</msg></slist></doc>")
    add_list(form, "g", [("a&b", "A"), ("bell\x07", "B"), ("half\ud800", "C"), ("", "—")])
    again = parse(render(form))
    shape = [(slist.get("name"), [(msg.get("key"), msg.text) for msg in slist]) for slist in again.findall("slist")]
    assert shape == [("h", [(None, "x")]), ("g", [("a&b", "A"), ("", "—")])]


@given(st.lists(st.text()), st.text(), st.booleans(), st.none() | st.integers(0, 2**59))
def test_what_is_kept_is_read_again(groups: list[str], version: str, whole: bool, space: int | None) -> None:
    """All names that XML can hold; when some cannot, the rest are known not to be all. (A carriage return is read as a
    line's end, and no cloud has names with either.)"""
    groups = [group.replace("\r", "") for group in groups]
    version = "".join(version.split())
    held = tuple(group for group in groups if fits(group))
    expected = Listing(version if fits(version) else "", held, whole and len(held) == len(groups), space)
    assert read(write(Listing(version, tuple(groups), whole, space))) == expected


@pytest.mark.parametrize(
    "space", ["", 'free_space=""', 'free_space="-3"', 'free_space="x"', f'free_space="{"9" * 5000}"']
)
def test_what_was_kept_without_the_free_space(space: str) -> None:
    """Before it was read, or by somebody else's hand: the rest counts."""
    config = f'<doc><nextcloud version="31" {space}><group>a</group></nextcloud></doc>'
    assert read(config) == Listing("31", ("a",))


def test_what_is_kept_has_an_end() -> None:
    """With thousands of groups the first are kept, and that these are not all."""
    groups = tuple(f"группа {number:05}" for number in range(9000))
    config = write(Listing("31.0.6", groups, free_space=81858383872))
    assert LONGEST - 100 < len(config.encode()) <= LONGEST
    kept = read(config)
    assert kept is not None
    assert not kept.whole
    assert kept.groups == groups[: len(kept.groups)]


@pytest.mark.parametrize("config", [None, "", "x", "<doc/>", "<doc>", 5, BOMB, "<!DOCTYPE a><doc><nextcloud/></doc>"])
def test_what_others_have_kept_is_nothing(config: Any) -> None:
    """It is no error either."""
    assert read(config) is None
