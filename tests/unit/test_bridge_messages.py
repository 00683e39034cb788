# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for every failure, in both languages, and the error document that carries them."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import bill_nextcloud
import pytest
from bill_nextcloud import errors, playbook
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.messages import LANGUAGES, NEXT, PREFIX, TEXTS, Language, error_document, text
from bill_nextcloud.errors import Failure, OperationError
from bill_nextcloud.treatment import TABLE, kind_of
from hypothesis import given, settings
from hypothesis import strategies as st

PACKAGE = Path(bill_nextcloud.__file__).parent
MODULE = PACKAGE.parent / "pmnextcloud"
COLLECTION = PACKAGE.parents[1] / "collections" / "ansible_collections" / "bill" / "nextcloud"
PLACEHOLDER = re.compile(r"__([a-z_]+?)__")
WORDS_OF_OTHERS = re.compile(
    r"https?://\S+|systemctl start|bill-nextcloud(?: (?:status|operations|approve|release))?"
    r"|occ|security:bruteforce:reset|BILLmanager|CryptKey|Nextcloud"
    r"|\b[A-Z]+\b"
)


def load(path: Path) -> ModuleType:
    """A file of the collection as a module, without Ansible's machinery."""
    specification = importlib.util.spec_from_file_location(f"collection_{path.stem}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


CLOUD_TABLE: dict[str, Any] = load(COLLECTION / "plugins" / "module_utils" / "errors.py").TABLE
CLASSES: dict[str, type[OperationError]] = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, OperationError) and value is not OperationError
    if "code" in vars(value)  # a base of others has none of its own
}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file of the bridge, of the playbooks' plug-ins, and the module."""
    plugins = PACKAGE.parents[1] / "playbooks" / "plugins"
    for path in [*PACKAGE.rglob("*.py"), *plugins.rglob("*.py"), MODULE]:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls_of(*names: str) -> Iterator[tuple[str, str, ast.Call]]:
    """(name, place, call) of each call of one of ``names``."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield node.func.id, f"{path.name}:{node.lineno}", node


def keys_of(node: ast.expr) -> set[str]:
    """The keys of a dictionary that is written out."""
    assert isinstance(node, ast.Dict)
    assert all(isinstance(key, ast.Constant) for key in node.keys)
    return {key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def raised() -> list[tuple[str, str, set[str]]]:
    """(code, place, names of its parameters) of each failure that the code writes out."""
    found: list[tuple[str, str, set[str]]] = []
    for name, place, call in calls_of(*CLASSES):
        assert not call.args, place
        passed = {keyword.arg for keyword in call.keywords}
        assert None not in passed, place
        found.append((CLASSES[name].code, place, {argument for argument in passed if argument}))
    for _, place, call in calls_of("Failure"):
        if isinstance(call.args[0], ast.Constant):
            found.append((str(call.args[0].value), place, keys_of(call.args[1])))
    for _, place, call in calls_of("error"):
        assert isinstance(call.args[0], ast.Constant)
        found.append((str(call.args[0].value).removeprefix(PREFIX), place, keys_of(call.args[1])))
    return found


RAISED = raised()


def placeholders(code: str) -> set[str]:
    """What the text of ``code`` wants to be filled in."""
    found = {name for language in LANGUAGES for name in PLACEHOLDER.findall(TEXTS[code][language])}
    return found - {NEXT}  # filled in by whoever knows when it is tried again


def test_the_search_finds_what_is_raised() -> None:
    """Every class is raised somewhere, and so are the types of the module and the codes without a class."""
    codes = {code for code, _, _ in RAISED}
    assert {cls.code for cls in CLASSES.values()} <= codes
    assert {"internal", "bridge_not_running", "bad_request", "module_unknown"} <= codes
    places = {place.split(":")[0] for _, place, _ in RAISED}
    assert {"pmnextcloud", "convergence.py", "service.py", "intake.py", "operation.py"} <= places


def test_each_code_has_a_text_and_each_text_a_code() -> None:
    """Those of the bridge, of the module and of the collection's table, and no words are left over."""
    codes = {code for code, _, _ in RAISED} | {cls.code for cls in CLASSES.values()} | set(CLOUD_TABLE)
    assert set(TEXTS) == codes


def test_no_text_is_written_twice() -> None:
    """YAML would silently take the last."""
    source = (PACKAGE / "billmanager" / "messages.yml").read_text(encoding="utf-8")
    names = re.findall(r"(?m)^([a-z_]+):", source)
    assert sorted(names) == sorted(TEXTS)


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_the_words_of_both_languages(code: str) -> None:
    """Non-empty sentences in one line; Russian is Cyrillic throughout, English is not; both fill in the same."""
    assert set(TEXTS[code]) == set(LANGUAGES)
    for language in LANGUAGES:
        words = TEXTS[code][language]
        assert words == words.strip()
        assert "\n" not in words
        assert words.endswith(".")
    assert not re.search("[А-Яа-яЁё]", TEXTS[code]["en"])
    russian = TEXTS[code]["ru"]
    own = WORDS_OF_OTHERS.sub("", PLACEHOLDER.sub("", russian))
    assert len(re.findall("[А-Яа-яЁё]", own)) > 5 * len(re.findall("[A-Za-z]", own))
    assert not re.search("[А-Яа-яЁё][A-Za-z]|[A-Za-z][А-Яа-яЁё]", russian)
    assert set(PLACEHOLDER.findall(TEXTS[code]["en"])) == set(PLACEHOLDER.findall(russian))


@pytest.mark.parametrize(("code", "place", "passed"), RAISED, ids=[f"{code}-{place}" for code, place, _ in RAISED])
def test_each_failure_fills_its_text(code: str, place: str, passed: set[str]) -> None:
    """Where a failure is raised, it has every parameter that its text wants."""
    assert placeholders(code) <= passed, place


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_each_class_documents_its_parameters(name: str) -> None:
    """Exactly those that are passed, in the brackets of its docstring."""
    documented = set(re.findall(r"``([a-z_]+)``", str(CLASSES[name].__doc__).rpartition("(")[2]))
    assert kind_of(CLASSES[name].code) in ("temporary", "held", "final")
    for code, place, passed in RAISED:
        if code == CLASSES[name].code and not place.startswith("pmnextcloud"):
            assert passed == documented, place
    assert placeholders(CLASSES[name].code) <= documented


@pytest.mark.parametrize("code", sorted(CLOUD_TABLE))
def test_each_failure_of_a_cloud_fills_its_text(code: str) -> None:
    """What the collection reports becomes words without a gap."""
    cloud = Cloud(3, "Blue", "https://blue", "admin", "secret")
    reported = {
        "code": code,
        "kind": CLOUD_TABLE[code].kind,
        "message": "Refused. It said:\n no\tway",
        "detail": "It said:\n no\tway",
    }
    failure = playbook.failure_of(reported, cloud, "user_12", 12)
    assert placeholders(code) <= set(failure.parameters)
    assert failure.parameters["detail"] == "It said: no way"
    for language in LANGUAGES:
        assert "?" not in text(failure, language)
        assert "__" not in text(failure, language)


@pytest.mark.parametrize("code", sorted(CLOUD_TABLE))
def test_the_kinds_of_the_collection_are_known(code: str) -> None:
    """Three kinds, and each row has its words."""
    row = CLOUD_TABLE[code]
    assert row.kind in ("temporary", "held", "final")
    assert row.meaning.endswith(".")
    assert row.hint.endswith(".")


def test_codes_that_both_sides_know_agree() -> None:
    """A conflict is final whoever finds it."""
    for cls in CLASSES.values():
        if cls.code in CLOUD_TABLE:
            assert kind_of(cls.code) == CLOUD_TABLE[cls.code].kind


def test_each_text_has_a_treatment() -> None:
    """What the module says by itself is never treated; everything else is, and nothing is treated that has no words."""
    assert set(TABLE) == set(TEXTS) - {"bridge_not_running", "descriptor_unusable"}


@pytest.mark.parametrize("code", sorted(code for code in TABLE if TABLE[code].kind == "temporary"))
def test_what_is_temporary_says_when_it_is_tried_again(code: str) -> None:
    """In both languages, as the last sentence; where nobody knows, there is none."""
    for language in LANGUAGES:
        template = TEXTS[code][language]
        assert template.endswith("__next__.") or code == "internal"
        told, without = text(Failure(code, {}), language, 0.0), text(Failure(code, {}), language)
        assert code == "internal" or told.startswith(f"{without} ")
        assert without.endswith(".")
        assert not re.search("attempt:|попытка:|first: |проверки: ", without)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_without_a_next_attempt(language: Language) -> None:
    """Whatever the detail is: only the sentence of the text goes."""
    detail = "no route. Next attempt: never. (__next__.)"
    told = text(Failure("unreachable", {"cloud": "Blue", "detail": detail}), language)
    assert told.endswith(f": {detail}.")


def test_the_module_uses_only_known_types() -> None:
    """Every type that pmnextcloud prints itself has a text in the descriptor."""
    types = set(re.findall(rf'"{PREFIX}([a-z_]+)"', MODULE.read_text(encoding="utf-8")))
    assert types
    assert types <= set(TEXTS)


def test_text_is_filled_once() -> None:
    """A value that looks like a placeholder stays as it is; a missing one shows as a question mark."""
    failure = Failure("account_conflict", {"account": "__detail__", "detail": "\\1 __account__"})
    assert "name __detail__ belongs to somebody else (\\1 __account__)" in text(failure, "en")
    assert "(?)" in text(Failure("account_conflict", {"account": "a"}), "en")


def test_a_code_without_a_text_is_an_error() -> None:
    """Nothing is shown instead."""
    with pytest.raises(KeyError):
        text(Failure("nothing_known", {}), "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_chosen(language: Language) -> None:
    """Russian for ru, English for en."""
    words = text(Failure("maintenance", {"cloud": "Blue"}), language)
    assert ("обслуживания" in words) == (language == "ru")
    assert "Blue" in words


def parsed(failure: Failure) -> tuple[str, str, dict[str, str]]:
    """Type, object and parameters of its document."""
    document = ElementTree.fromstring(error_document(failure))
    assert document.tag == "doc"
    (error,) = document
    assert error.tag == "error"
    return (
        error.get("type", ""),
        error.get("object", ""),
        {param.get("name", ""): param.text or "" for param in error.findall("param")},
    )


@pytest.mark.parametrize(
    ("parameters", "subject"),
    [
        ({"account": "user_12", "service": "12"}, "user_12"),
        ({"service": "12", "cloud": "Blue"}, "12"),
        ({"account": "", "service": "12"}, "12"),
        ({"detail": "x"}, ""),
    ],
)
def test_an_error_document(parameters: dict[str, str], subject: str) -> None:
    """The fixed type, the account or else the service, and every parameter."""
    assert parsed(Failure("refused", parameters)) == ("nextcloud_refused", subject, parameters)


def test_an_error_document_is_escaped() -> None:
    """What means something in XML arrives as it was."""
    hostile = {"account": "a\"'<&>b", "detail": "</param><x/>]]>&amp;"}
    assert parsed(Failure("refused", hostile)) == ("nextcloud_refused", hostile["account"], hostile)


def test_control_characters_become_spaces() -> None:
    """XML has no place for them, neither in a parameter nor in the object."""
    failure = Failure("refused", {"account": "a\x00b\x1bc", "detail": "x\x07y\ud800z\uffff\n"})
    assert parsed(failure) == ("nextcloud_refused", "a b c", {"account": "a b c", "detail": "x y z  "})


@given(st.text(), st.text())
@settings(deadline=None, max_examples=200)
def test_every_text_can_be_told(account: str, detail: str) -> None:
    """Whatever a name or a server's answer holds, the document can be read and be sent as UTF-8."""
    failure = Failure("refused", {"account": account, "detail": detail})
    error_document(failure).encode("utf-8")
    _, subject, parameters = parsed(failure)
    assert parameters["detail"] == "".join(c if c.isprintable() else " " for c in detail)
    assert subject == parameters["account"]


def test_a_failure_can_be_stored() -> None:
    """As plain values and back."""
    failure = errors.UnitUnknown(tariff="Small", addon="disk", unit=None).failure
    assert failure == Failure("unit_unknown", {"tariff": "Small", "addon": "disk", "unit": "None"})
    assert Failure.from_dict(failure.as_dict()) == failure
