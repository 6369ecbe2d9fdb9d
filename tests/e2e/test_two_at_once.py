"""A second process on one workspace, and files and folders that one may not touch."""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.sea import answer, fairlead

SENTENCE = b"!AIVDM,1,1,,B,33L=LN051HQj3HhRJd7q1W=`0000,0*03\n"


def holding(workspace):
    """A program that follows standard input, and so holds the workspace until that ends."""
    command = [sys.executable, "-m", "fairlead", "run", "-", "--workspace", str(workspace)]
    process = subprocess.Popen(
        [*command, "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdin.write(SENTENCE)
    process.stdin.flush()
    return process


def wait_until(true, process):
    for _ in range(600):
        if true():
            return
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.1)
    pytest.fail("the first process did not take the workspace within a minute")


def test_a_second_process_is_told_who_holds_the_workspace(tmp_path):
    state = tmp_path / "state"
    first = holding(state)
    try:
        wait_until((state / "control.sqlite").exists, first)
        path = tmp_path / "more.nmea"
        path.write_bytes(SENTENCE)
        second = fairlead("run", path, "--workspace", state, "--json")
        said = second.stderr.decode()
        assert second.returncode == 5, said
        assert f"error: process {first.pid} is writing workspace `{state}`" in said
        assert "help: " in said
        assert answer(second)["exit_code"] == 5
        assert fairlead("review", "lead-0", "reject", "--reason", "x", "--workspace", state)
        shown = fairlead("show", "observations", "--workspace", state, "--format", "csv")
        assert shown.returncode == 0, shown.stderr.decode()
        out, _ = first.communicate(timeout=600)
    finally:
        first.kill()
        first.wait()
    assert first.returncode == 0
    assert b'"observations": 1' in out
    again = fairlead("run", path, "--workspace", state, "--json")
    assert again.returncode == 0, again.stderr.decode()


def test_exit_codes_are_said_in_the_help():
    text = fairlead("--help").stdout.decode()
    assert "5 workspace" in text
    assert "3 source" in text


DROP_FROM_BOUNDING_SET = 24
RIGHTS_OVER_FILES = (1, 2)
"""prctl(2), capabilities(7): CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which root may read and
write what the mode of a file forbids its owner."""


def as_an_ordinary_owner():
    """In the child, before it becomes the program: without rights beyond the files' modes."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for right in RIGHTS_OVER_FILES:
        if prctl(DROP_FROM_BOUNDING_SET, right, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "the right over files cannot be given up")


def without_rights(*arguments):
    """Run the program bound by the files' modes, also where the tests run as root."""
    command = [sys.executable, "-m", "fairlead", *map(str, arguments)]
    drop = as_an_ordinary_owner if os.geteuid() == 0 else None
    try:
        return subprocess.run(
            command, capture_output=True, timeout=300, check=False, preexec_fn=drop
        )
    except subprocess.SubprocessError as error:
        pytest.skip(f"the tests run as root, which could not give up its rights here: {error}")


def test_a_file_one_may_not_read_is_said(tmp_path):
    path = tmp_path / "secret.nmea"
    path.write_bytes(SENTENCE)
    path.chmod(0)
    done = without_rights("run", path, "--workspace", tmp_path / "w")
    said = done.stderr.decode()
    assert done.returncode == 3, said
    assert "secret.nmea" in said
    assert "ermission denied" in said
    assert "help: " in said
    assert "Traceback" not in said


def test_a_workspace_one_may_not_write_is_said(tmp_path):
    path = tmp_path / "open.nmea"
    path.write_bytes(SENTENCE)
    path.chmod(0o644)
    (tmp_path / "w").mkdir(mode=0o555)
    done = without_rights("run", path, "--workspace", tmp_path / "w")
    said = done.stderr.decode()
    assert done.returncode == 5, said
    assert "cannot be written" in said
    assert "--workspace DIR" in said
    assert "Traceback" not in said
    assert list((tmp_path / "w").iterdir()) == []


def test_a_workspace_of_somebody_else_can_be_read(tmp_path):
    """One who may only read gets answers, not an error about writing."""
    path = tmp_path / "open.nmea"
    path.write_bytes(SENTENCE)
    made = fairlead("run", path, "--workspace", tmp_path / "w", "--assume-time", "2024-01-01")
    assert made.returncode == 0, made.stderr.decode()
    for folder, _, files in os.walk(tmp_path):
        os.chmod(folder, 0o755)
        for name in files:
            os.chmod(Path(folder) / name, 0o444)
    done = without_rights("show", "observations", "--workspace", tmp_path / "w", "--format", "csv")
    assert done.returncode == 0, done.stderr.decode()
    assert len(done.stdout.splitlines()) == 2
