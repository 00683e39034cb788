# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in BILLmanager: how it judges what a module prints, and what it wants of features and descriptor."""

from __future__ import annotations

from pathlib import Path

import pytest
from standins.billmanager import PanelError, Run
from standins.billmanager.descriptor import Descriptor
from standins.billmanager.features import check_features
from standins.billmanager.run import Output, judge

DESCRIPTOR = """<mgrdata>
  <plugin name="pmnextcloud"><params><type name="backupservice"/></params></plugin>
  <metadata name="processing.edit.pmnextcloud" type="form"><form><page name="connect">
    <field name="url"><input type="text" name="url"/></field>
    <field name="mode"><select name="mode"/></field>
  </page></form></metadata>
  <lang name="en"><messages name="msgerror">
    <msg name="msg_error_known">__cloud_name__: __cloud__ __object__ __value__ __absent__</msg>
    <msg name="reason">why</msg>
  </messages></lang>
</mgrdata>"""
FEATURES = (
    '<doc><itemtypes><itemtype name="backupservice"/></itemtypes><params><param name="url" crypted="yes"/>'
    '<param name="mode"/></params><features><feature name="stat"/></features></doc>'
)


@pytest.fixture
def descriptor(tmp_path: Path) -> Descriptor:
    (tmp_path / "descriptor.xml").write_text(DESCRIPTOR)
    return Descriptor(tmp_path / "descriptor.xml", "pmnextcloud")


def output(stdout: str, exit_code: int = 0) -> Output:
    return Output(exit_code, stdout, "", 0.0, False)


@pytest.mark.parametrize("stdout", ["", "\n", "<doc/>", '<?xml version="1.0" encoding="UTF-8"?>\n<doc><ok/></doc>\n'])
def test_nothing_or_one_document_is_well(descriptor: Descriptor, stdout: str) -> None:
    assert judge(output(stdout), "pmnextcloud", "open", descriptor) == (None, None)


@pytest.mark.parametrize(
    "stdout", ["hello", "<doc/><doc/>", "<html/>", "warning\n<doc/>", "<doc/> done", "<doc><ok></doc>"]
)
def test_anything_else_is_malformed(descriptor: Descriptor, stdout: str) -> None:
    malformed, error = judge(output(stdout), "pmnextcloud", "open", descriptor)
    assert malformed
    assert error is not None
    assert error.type == "malformed_output"


def test_texts_are_filled_and_gaps_are_seen(descriptor: Descriptor) -> None:
    document = (
        '<doc><error type="known" object="thing"><param name="cloud">blue</param><param name="cloud_name">B</param>'
        '<param name="value" type="msg">reason</param></error></doc>'
    )
    _, error = judge(output(document, 1), "pmnextcloud", "open", descriptor)
    assert error is not None
    assert error.text_en == "B: blue thing why __absent__"
    assert error.text_ru == "msg_error_known"
    assert error.params == {"cloud": "blue", "cloud_name": "B", "value": "reason"}


FORM = '<doc func="x"><elid>1</elid><odd a="b"><c/>t</odd><slist name="g"><msg key="">-</msg><msg>x</msg></slist></doc>'
PANEL = '<doc><url>https://x/</url><panelcount>1</panelcount><panelname keyname="nextcloud">N</panelname></doc>'
ERROR = '<doc><error type="a_b" object=""><param name="c">d</param></error></doc>'


@pytest.mark.parametrize(
    ("command", "document", "wrong"),
    [
        ("open", "<doc/>", ["<doc>done</doc>", "<doc><ok>1</ok></doc>", "<doc><ok/><ok/></doc>", "<doc a='b'/>"]),
        (
            "open",
            ERROR,
            [
                ERROR.replace("a_b", "A b: c"),
                ERROR.replace(' object=""', ""),
                ERROR.replace("<param", "<other/><param"),
                ERROR.replace(' name="c"', ""),
                ERROR.replace("</doc>", "<ok/></doc>"),
            ],
        ),
        (
            "features",
            FEATURES,
            [
                "<doc/>",
                FEATURES.replace('"yes"', '"on"'),
                FEATURES.replace('feature name="stat"', "feature"),
                FEATURES.replace('"stat"', '""'),
                FEATURES.replace("itemtypes>", "types>"),
            ],
        ),
        ("tune_connection", FORM, [FORM.replace(' name="g"', ""), FORM.replace("<msg>x</msg>", "x"), "<form/>"]),
        ("pricelist_dynamic_settings_tune", FORM, [FORM.replace("<msg>x</msg>", '<msg key="a"><b/></msg>')]),
        ("get_suitable_module", '<doc><modules><module id="3"/></modules></doc>', ["<doc/>", "<doc><modules/></doc>"]),
        (
            "transition_control_panel",
            PANEL,
            [
                PANEL.replace("https:", "javascript:"),
                PANEL.replace(">1<", ">one<"),
                PANEL.replace(' keyname="nextcloud"', ""),
            ],
        ),
    ],
)
def test_answers_have_the_shape_of_their_command(
    descriptor: Descriptor, command: str, document: str, wrong: list[str]
) -> None:
    malformed, _ = judge(output(document), "pmnextcloud", command, descriptor)
    assert malformed is None
    for other in wrong:
        assert other != document
        malformed, error = judge(output(other), "pmnextcloud", command, descriptor)
        assert malformed, other
        assert error is not None
        assert error.type == "malformed_output"


def answer(features: str, exit_code: int = 0) -> Run:
    return Run("features", None, None, exit_code, features, "", 0.0, False, False, "", None, None)


def test_right_features_pass(descriptor: Descriptor) -> None:
    check_features(answer(FEATURES), descriptor, {"backupservice", "vhost"})


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ("", "it answers nothing"),
        (FEATURES.replace("backupservice", "teapot"), "does not know: teapot"),
        (FEATURES.replace("backupservice", "vhost"), "only in one of features and descriptor: backupservice, vhost"),
        (FEATURES.replace('"mode"', '"method"'), "only in one of features and form: method, mode"),
        (FEATURES.replace('<param name="mode"/>', '<param name="mode"/><param name="mode"/>'), "named twice"),
    ],
)
def test_wrong_features_are_refused(descriptor: Descriptor, features: str, message: str) -> None:
    with pytest.raises(PanelError, match=message):
        check_features(answer(features), descriptor, {"backupservice", "vhost"})


def test_features_with_an_exit_code_are_refused(descriptor: Descriptor) -> None:
    with pytest.raises(PanelError, match="exit code 1"):
        check_features(answer(FEATURES, 1), descriptor, {"backupservice"})


@pytest.mark.parametrize(
    "content",
    [
        "<mgrdata>",
        "<doc/>",
        DESCRIPTOR.replace("pmnextcloud", "pmother"),
        DESCRIPTOR.replace('type="text" ', ""),
        DESCRIPTOR.replace("<params>", "<params><other/>"),
        DESCRIPTOR.replace('<msg name="reason">', "<msg>"),
    ],
)
def test_a_descriptor_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "wrong.xml").write_text(content)
    with pytest.raises(PanelError, match="descriptor"):
        Descriptor(tmp_path / "wrong.xml", "pmnextcloud")
