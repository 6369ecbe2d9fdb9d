"""The reader that shares no code with Fairlead agrees with it, and finds what was changed."""

import json

import pytest
from cryptography.exceptions import InvalidSignature

from tests.review.ledger import reader
from tests.review.ledger.desk import START_US
from tests.review.ledger.published import publish_case


@pytest.mark.parametrize("sizes", [(0, 1), (1, 2, 3), (5, 255, 256), (100, 257), (300, 700)])
def test_the_mirror_is_read_from_the_specifications_alone(desk, tmp_path, sizes):
    case = publish_case(desk, tmp_path / "mirror", sizes)
    entries = reader.read_mirror(tmp_path / "mirror", case["vkey"])
    assert [json.loads(entry)["body"]["n"] for entry in entries] == list(range(sizes[-1]))
    sorted_keys = json.dumps(json.loads(entries[-1]), sort_keys=True, separators=(",", ":"))
    assert entries[-1] == sorted_keys.encode()
    newest = (tmp_path / "mirror" / "checkpoint").read_text()
    assert reader.open_note(newest, case["witness"]) == reader.open_note(newest, case["vkey"])
    for bundle in case["bundles"]:
        index, entry = reader.check_proof(bundle, case["vkey"])
        assert entry["time_us"] == START_US + index


@pytest.mark.parametrize("path", ["tile/entries/001.p/44", "tile/0/000", "tile/1/000.p/1"])
def test_a_changed_file_is_found(desk, tmp_path, path):
    case = publish_case(desk, tmp_path / "mirror", (300,))
    changed = bytearray((tmp_path / "mirror" / path).read_bytes())
    changed[20] ^= 1
    (tmp_path / "mirror" / path).write_bytes(changed)
    with pytest.raises(AssertionError):
        reader.read_mirror(tmp_path / "mirror", case["vkey"])


def test_a_changed_checkpoint_or_entry_is_found(desk, tmp_path):
    case = publish_case(desk, tmp_path / "mirror", (10,))
    newest = (tmp_path / "mirror" / "checkpoint").read_text()
    with pytest.raises(InvalidSignature):
        reader.open_note(newest.replace("\n10\n", "\n11\n"), case["vkey"])
    with pytest.raises(ValueError, match="not signed by"):
        reader.open_note(newest.partition("\n\n")[0] + "\n\n", case["vkey"])
    bundle = {**case["bundles"][0], "entry": case["bundles"][0]["entry"].replace("1", "2")}
    with pytest.raises(AssertionError):
        reader.check_proof(bundle, case["vkey"])
