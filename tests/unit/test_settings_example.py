# SPDX-License-Identifier: GPL-3.0-or-later
"""The commented example of the settings says the truth."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from bill_nextcloud.settings import Settings, read_settings

EXAMPLE = Path(__file__).resolve().parents[2] / "bridge" / "settings.example.toml"


def test_the_example_is_the_default() -> None:
    """As it stands it changes nothing."""
    assert read_settings(EXAMPLE) == Settings()


def test_the_example_names_every_setting(tmp_path: Path) -> None:
    """With the marks of its commented settings taken away it is valid, and no setting is missing."""
    text = re.sub(r"^# (\w+ = )", r"\1", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    whole = tmp_path / "settings.toml"
    whole.write_text(text, encoding="utf-8")
    read_settings(whole)
    named = {section: set(values) for section, values in tomllib.loads(text).items()}
    known = {section: set(type(getattr(Settings(), section)).model_fields) for section in Settings.model_fields}
    assert named == known
