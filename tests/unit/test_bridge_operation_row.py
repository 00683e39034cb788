# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rows of the table runningoperation permit a call, whatever columns the table has."""

from __future__ import annotations

from pathlib import Path

import pytest
from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.billmanager.service import Database
from sqlalchemy import create_engine, text


@pytest.mark.parametrize(
    ("columns", "values", "permitted"),
    [
        ("id", "7", True),
        ("id, item", "7, 12", True),
        ("id, item", "7, 13", False),
        ("id, item, intname", "7, 12, 'close'", True),
        ("id, item, intname", "7, 12, 'resume'", False),
        ("id, item, intname", "7, 12, 'some.other.name'", True),
        ("id, item, intname", "7, NULL, NULL", True),
        ("id", "8", False),
    ],
)
def test_a_row_permits_a_call(tmp_path: Path, columns: str, values: str, permitted: bool) -> None:
    """The number must be there; another service or another known command is a refusal; what is unknown is not."""
    engine = create_engine(f"sqlite:///{tmp_path / 'panel.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE runningoperation ({columns})"))
        connection.execute(text(f"INSERT INTO runningoperation VALUES ({values})"))
    database = Database(engine, CryptKey(tmp_path / "none.pem"))
    assert database.operation_runs(7, 12, "close") is permitted
