"""The real process, really killed at random instants, ends with the tables it would have had."""

import random
import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.sea import fairlead, small_sea, tables

KILLS = 4


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    sea = small_sea(folder / "sea")
    started = time.monotonic()
    done = run(sea, folder / "state").wait()
    assert done == 0
    return sea, time.monotonic() - started, tables(folder / "state")


def run(sea, workspace):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "fairlead",
            "run",
            str(sea.nmea),
            "--workspace",
            str(workspace),
            "--watchlists",
            str(sea.watchlists),
            "--zones",
            str(sea.zones),
            "--json",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("seed", range(6))
def test_kills_at_random_instants_lose_and_double_nothing(undisturbed, tmp_path, seed):
    sea, lasted_s, expected = undisturbed
    chance = random.Random(seed)
    for _ in range(KILLS):
        process = run(sea, tmp_path)
        time.sleep(chance.uniform(0.2, lasted_s))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run(sea, tmp_path).wait() == 0
    assert tables(tmp_path) == expected


def test_ctrl_c_says_how_to_resume_and_a_second_start_finishes(undisturbed, tmp_path):
    sea, lasted_s, expected = undisturbed
    process = run(sea, tmp_path)
    time.sleep(lasted_s * 0.6)
    process.send_signal(signal.SIGINT)
    assert process.wait() in (0, 130)
    assert run(sea, tmp_path).wait() == 0
    assert tables(tmp_path) == expected


def test_running_again_changes_nothing(undisturbed, tmp_path):
    sea, _, expected = undisturbed
    for _ in range(2):
        assert run(sea, tmp_path).wait() == 0
    assert tables(tmp_path) == expected
    assert fairlead("show", "events", "--workspace", tmp_path).returncode == 0
