"""Runs come after the server where many share it, and as any other program where nobody does."""

import subprocess
import sys

import pytest

PROGRAM = """
import psutil
from pathlib import Path
from gan_core import priority

def rank():
    return psutil.Process().nice(), int(Path("/proc/self/oom_score_adj").read_text())

before = rank()
priority.come_after_the_server()
print(rank() == before, rank() == (5, 500))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has both numbers")
@pytest.mark.parametrize(
    ("mode", "told"), [("personal", "True False"), ("class", "False True"), ("public", "False True")]
)
def test_a_run_comes_after_the_server_only_where_visitors_are_told_apart(hosted, mode, told):
    hosted(mode)
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert said.strip() == told
