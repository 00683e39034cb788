# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench``: what cannot be measured is said in a line, and what was measured stays."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

import pytest
from bench.memory import growth_of
from bench.run import subjects_of
from harness.postgresql import free_port
from harness.worker import REPOSITORY

NOBODY = {"CLOUD_URL": f"http://127.0.0.1:{free_port()}", "CLOUD_USER": "admin", "CLOUD_PASSWORD": "secret-of-nobody"}


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["--subjects", "nonsense"], {}, "'nonsense' (choose from 'intake'"),
        (["--operations", "0"], {}, "OPERATIONS must be at least 10"),
        (["--subjects", "way"], {"PEER": "it's"}, "PEER: it's: No closing quotation"),
        (["--subjects", "way"], {"PEER": "/nonexistent"}, "neither a program nor a directory"),
        (["--subjects", "way"], NOBODY, "the cloud does not answer: ConnectionError; is CLOUD_URL right?"),
        (["--subjects", "way"], {**NOBODY, "CLOUD_USER": ""}, "CLOUD_USER is missing"),
    ],
)
def test_what_makes_no_sense(arguments: list[str], environment: dict[str, str], said: str) -> None:
    """It is said before anything is started, with no password."""
    program = [sys.executable, str(REPOSITORY / "tests" / "bench" / "run.py")]
    ended = subprocess.run(
        [*program, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert ended.returncode
    assert ended.stderr.splitlines()[-1].startswith("bench: ")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret-of-nobody" not in ended.stdout + ended.stderr


def test_subjects_without_an_engine() -> None:
    """They are measured once, whichever engines are named."""
    options = argparse.Namespace(subjects=["intake", "growth"], engines=["postgresql", "sqlite"])
    assert subjects_of("postgresql", options) == ["intake", "growth"]
    assert subjects_of("sqlite", options) == ["intake"]


def test_growth_of_the_worker() -> None:
    """From the first sample on; from a single one nothing can be said."""
    growth, before, slope = growth_of("a", [(2000, 100.0), (6000, 104.0), (10_000, 108.0)])
    assert (growth.value, growth.met) == (8, True)
    assert before.value == 100
    assert slope.value == pytest.approx(1)
    (none,) = growth_of("a", [(10, 100.0)])
    assert none.value is None
    assert "left out" in none.measure
