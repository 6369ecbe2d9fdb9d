"""A second implementation, in Go and not ours, reads our checkpoints, tiles and proofs.

go/main.go is built with golang.org/x/mod (the Go checksum database's note and tlog) and
transparency-dev's formats and merkle. Skipped, with the reason, where Go or its modules are absent.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.review.ledger.published import publish_case

SOURCE = Path(__file__).parent / "go"
UNREACHED = ("dial tcp", "no such host", "i/o timeout", "proxyconnect", "connection refused")
UNREACHED += ("module lookup disabled", "toolchain not available", "requires go >=", "Forbidden")


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed: the ledger is not read by a second implementation")
    folder = tmp_path_factory.mktemp("go")
    shutil.copytree(SOURCE, folder / "source")
    built = subprocess.run(
        [go, "build", "-o", folder / "second", "."],
        cwd=folder / "source",
        env={**os.environ, "GOFLAGS": "-mod=mod -buildvcs=false", "GOWORK": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode and any(why in built.stderr for why in UNREACHED):
        last = built.stderr.strip().splitlines()[-1]
        pytest.skip(f"Go modules are not reached: {last}")
    assert built.returncode == 0, built.stderr
    return folder / "second"


def read(second, folder):
    return subprocess.run([second, folder], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "sizes",
    [
        (0, 1),
        (1, 2, 3),
        (0, 5, 255, 256),
        (100, 257),
        (1, 256, 300, 511, 512, 700),
        pytest.param((300, 65_536, 65_700), marks=pytest.mark.slow),
    ],
)
def test_go_agrees_with_everything(second, desk, tmp_path, sizes):
    case = publish_case(desk, tmp_path / "mirror", sizes)
    done = read(second, tmp_path / "mirror")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {
        "entries": sizes[-1],
        "checkpoints": len(sizes) + 2,
        "consistency": len(case["consistency"]),
        "bundles": len(case["bundles"]),
    }


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("tile/entries/001.p/44", "hash of entry"),
        ("tile/0/000", "hash of entry"),
        ("tile/1/000.p/1", "hash of entry"),
        ("checkpoint", "note.Open"),
    ],
)
def test_go_finds_what_was_changed(second, desk, tmp_path, path, what):
    publish_case(desk, tmp_path / "mirror", (10, 300))
    changed = bytearray((tmp_path / "mirror" / path).read_bytes())
    changed[20 if path != "checkpoint" else changed.index(b"300")] ^= 1
    (tmp_path / "mirror" / path).write_bytes(changed)
    done = read(second, tmp_path / "mirror")
    assert done.returncode == 1
    assert f"BROKEN {what}" in done.stdout


@pytest.mark.parametrize("what", ["consistency", "bundles"])
def test_go_finds_a_changed_proof(second, desk, tmp_path, what):
    case = publish_case(desk, tmp_path / "mirror", (10, 300))
    if what == "bundles":
        case["bundles"][1]["entry"] = case["bundles"][1]["entry"].replace("acct-1", "acct-2")
    else:
        case["consistency"][1]["hashes"].reverse()
    (tmp_path / "mirror" / "case.json").write_text(json.dumps(case))
    done = read(second, tmp_path / "mirror")
    assert done.returncode == 1
    assert f"BROKEN {'inclusion' if what == 'bundles' else 'consistency'}" in done.stdout
