# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's descriptor: forms, both languages, and what `features` says of the same."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from unittest.mock import Mock

import bill_nextcloud
import pytest
from bill_nextcloud.billmanager.descriptor import render
from bill_nextcloud.billmanager.messages import LANGUAGES, TEXTS
from bill_nextcloud.forms import forms
from bill_nextcloud.request import COMMANDS
from bill_nextcloud.settings import AccountSettings

COMMANDS_OF_FORMS = set(forms(Mock(), Mock(), Mock(), Mock(), Mock())) - {"CONNECTION_FORM_TUNE"}
MODULE = Path(bill_nextcloud.__file__).parents[1] / "pmnextcloud"
ROOT = ElementTree.fromstring(render(["backupservice"]).encode())


@pytest.fixture(scope="module")
def features() -> ElementTree.Element:
    """What the module answers to `features`."""
    done = subprocess.run([sys.executable, MODULE, "--command", "features"], check=True, capture_output=True)
    return ElementTree.fromstring(done.stdout)


def fields(form: str) -> dict[str, ElementTree.Element]:
    """The inputs of a form by name."""
    (metadata,) = [element for element in ROOT.iter("metadata") if element.get("name") == form]
    assert metadata.get("type") == "form"
    found = {}
    for field in metadata.findall("form/page/field"):
        (input_,) = field
        assert input_.tag in ("input", "select", "textarea")
        assert field.get("name") == input_.get("name")
        found[str(field.get("name"))] = input_
    return found


def messages(language: str) -> dict[str, dict[str, str]]:
    """All texts of a language: group, name, text."""
    (lang,) = [element for element in ROOT.findall("lang") if element.get("name") == language]
    return {str(group.get("name")): {str(msg.get("name")): msg.text or "" for msg in group} for group in lang}


def test_the_plug_in() -> None:
    """Its name, group and item types are what BILLmanager looks for."""
    plugin = ROOT.find("plugin")
    assert ROOT.tag == "mgrdata"
    assert plugin is not None
    assert plugin.get("name") == "pmnextcloud"
    assert plugin.findtext("group") == "processing_module"
    assert plugin.findtext("author")


def test_item_types_agree(features: ElementTree.Element) -> None:
    """Descriptor and `features` name the same before there is one (afterwards it is read, see test_bridge_module)."""
    assert [element.get("name") for element in ROOT.findall("plugin/params/type")] == [
        element.get("name") for element in features.findall("itemtypes/itemtype")
    ]


def test_the_connection_form_agrees_with_features(features: ElementTree.Element) -> None:
    """The same parameters; what is encrypted is not shown while it is typed; by occ only the address is needed."""
    form = fields("processing.edit.pmnextcloud")
    assert list(form) == [param.get("name") for param in features.findall("params/param")]
    encrypted = {param.get("name") for param in features.findall("params/param") if param.get("crypted") == "yes"}
    assert encrypted == {"password"}
    assert {name for name, input_ in form.items() if input_.get("type") == "password"} == encrypted
    assert {name for name, input_ in form.items() if input_.get("required") == "yes"} == {"url"}
    assert {name for name, input_ in form.items() if input_.tag == "textarea"} == {"ssh_host_keys"}


def test_groups_are_chosen_from_a_list() -> None:
    """Which the form gets from the module; an invitation is ticked, and everything else is typed."""
    kinds = {name: field.get("type") for name, field in fields("pricelist.pmnextcloud").items()}
    assert kinds.pop("usergroup") is None
    assert fields("pricelist.pmnextcloud")["usergroup"].tag == "select"
    assert kinds.pop("invitation") == "checkbox"
    assert set(kinds.values()) == {"text"}


def test_each_item_type_is_named() -> None:
    """In the order of the settings."""
    root = ElementTree.fromstring(render(["softexternal", "vhost"]).encode())
    assert [element.get("name") for element in root.findall("plugin/params/type")] == ["softexternal", "vhost"]


def test_features_are_the_commands_of_the_bridge(features: ElementTree.Element) -> None:
    """Nothing is announced that is not done, nothing done that is not announced."""
    announced = {str(feature.get("name")) for feature in features.findall("features/feature")}
    others = {"check_connection", "import", "pricelist_dynamic_settings", "stat", "sync_server"}
    assert announced == {*COMMANDS, *others, *COMMANDS_OF_FORMS}


def test_the_tariff_form_is_what_the_mapping_reads() -> None:
    """Each field of the tariff is used by the mapping that comes with the bridge, and the other way round."""
    source = AccountSettings().mapping.read_text(encoding="utf-8")
    expressions = "\n".join(line for line in source.splitlines() if not line.startswith("#"))
    used = set(re.findall(r"tariff\.params\.([a-z_]+)", expressions))
    assert set(fields("pricelist.pmnextcloud")) == used


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["processing.edit.pmnextcloud", "pricelist.pmnextcloud"])
def test_each_field_has_a_label_and_a_hint(language: str, form: str) -> None:
    """What is typed has a placeholder, too; and there are no texts for fields that are gone."""
    texts = messages(language)[form]
    expected = {f"{kind}{field}" for field in fields(form) for kind in ("", "hint_")}
    expected |= {
        f"placeholder_{field}" for field, entered in fields(form).items() if entered.get("type") in ("text", "password")
    }
    assert set(texts) == expected
    assert all(text.strip() for text in texts.values())


def test_both_languages_have_the_same_texts() -> None:
    """Every group and every name, none empty."""
    assert [element.get("name") for element in ROOT.findall("lang")] == list(LANGUAGES)
    english, russian = messages("en"), messages("ru")
    assert {group: set(texts) for group, texts in english.items()} == {
        group: set(texts) for group, texts in russian.items()
    }
    for texts in (english, russian):
        assert all(text.strip() for group in texts.values() for text in group.values())


def test_russian_is_cyrillic_and_english_is_not() -> None:
    """Neither language stands in the other's place."""
    for language in LANGUAGES:
        for group in messages(language).values():
            for name, text in group.items():
                assert bool(re.search("[а-яё]", text)) == (language == "ru"), (language, name)


def test_the_names_that_billmanager_shows() -> None:
    """The plug-in's and the module's labels."""
    for language in LANGUAGES:
        texts = messages(language)
        assert set(texts["plugin"]) == {"desc_short_pmnextcloud", "desc_full_pmnextcloud", "price_pmnextcloud"}
        assert set(texts["label_processing_modules"]) == {"pmnextcloud", "module_pmnextcloud"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_failure_is_in_the_descriptor(language: str) -> None:
    """Under the type that the error document carries."""
    expected = {f"msg_error_nextcloud_{code}": texts[language] for code, texts in TEXTS.items()}  # type: ignore[index]
    assert messages(language)["msgerror"] == expected


def test_it_is_a_file_in_utf8() -> None:
    """With its declaration, so that BILLmanager reads the Russian texts."""
    assert render(["backupservice"]).startswith('<?xml version="1.0" encoding="UTF-8"?>\n<mgrdata>')
    assert render(["backupservice"]).endswith("\n")
