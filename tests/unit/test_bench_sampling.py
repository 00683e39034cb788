# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``make bench`` sees of a process and all that it starts."""

from __future__ import annotations

import subprocess
import sys

from bench.sampling import sampled

# Seconds of a processor that the process takes, and a child of it, before anybody looks; each takes half as much after.
BEFORE = 0.4
SPENT = f"""
import subprocess, sys, time

def take(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

child = None
if len(sys.argv) == 2:
    again = [sys.executable, '-c', sys.argv[1], sys.argv[1], 'child']
    child = subprocess.Popen(again, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
for seconds in ({BEFORE}, {BEFORE / 2}):
    take(seconds)
    if child is not None:
        child.stdin.write(b'\\n')
        child.stdin.flush()
        child.stdout.readline()
    print('taken', flush=True)
    sys.stdin.readline()
"""


def test_only_what_is_taken_meanwhile() -> None:
    """What the process has taken before does not count, nor what a child has that was there already."""
    command = [sys.executable, "-c", SPENT, SPENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        with sampled(process.pid) as found:
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()
            seen = len(found.samples)
            while len(found.samples) < seen + 2:
                assert process.poll() is None
        process.communicate(b"\n")
    assert found.peak
    # The child may have begun its second part a little earlier.
    assert BEFORE / 4 < found.processor < 1.5 * BEFORE
