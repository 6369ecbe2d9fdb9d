"""The key's file: made once, closed to others, never made anew by mistake."""

import os
import stat

import pytest

from fairlead.review.ledger.keys import new_key, open_keys, publish, read_vkeys, write_keys
from fairlead.schema.errors import EngineError


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_made_at_first_use_and_kept(tmp_path):
    before = os.umask(0)
    try:
        (key,) = open_keys(tmp_path, is_new=True)
    finally:
        os.umask(before)
    assert mode(tmp_path / "signing-key") == 0o600
    assert mode(tmp_path / "vkeys") == 0o644
    assert open_keys(tmp_path, is_new=False) == [key]
    assert read_vkeys(tmp_path) == [key.verifier()]
    assert key.secret() not in (tmp_path / "vkeys").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["signing-key", "vkeys"]


def test_a_key_that_is_gone_is_not_replaced(tmp_path):
    with pytest.raises(EngineError, match="is gone, but the ledger has begun"):
        open_keys(tmp_path, is_new=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [0o640, 0o604, 0o620, 0o660, 0o610])
def test_a_key_that_others_can_reach_is_refused(tmp_path, given):
    open_keys(tmp_path, is_new=True)
    (tmp_path / "signing-key").chmod(given)
    with pytest.raises(EngineError, match="can be read by others") as caught:
        open_keys(tmp_path, is_new=False)
    assert "chmod 600" in caught.value.help


@pytest.mark.parametrize("written", [b"", b"PRIVATE+KEY+x\n", b"\xff\n"])
def test_a_damaged_key_is_refused(tmp_path, written):
    open_keys(tmp_path, is_new=True)
    (tmp_path / "signing-key").write_bytes(written)
    with pytest.raises(EngineError, match="is damaged"):
        open_keys(tmp_path, is_new=False)


def test_public_keys_are_added_once_and_stay_in_order(tmp_path):
    first, second = new_key("a"), new_key("a")
    write_keys(tmp_path, [first, second])
    assert open_keys(tmp_path, is_new=False) == [first, second]
    write_keys(tmp_path, [second])
    assert publish(tmp_path, [second]) == [first.verifier(), second.verifier()]
    assert read_vkeys(tmp_path) == [first.verifier(), second.verifier()]


def test_a_draft_that_a_crash_left_is_no_hindrance(tmp_path):
    (tmp_path / "signing-key.new").write_text("half")
    (key,) = open_keys(tmp_path, is_new=True)
    assert open_keys(tmp_path, is_new=False) == [key]


def test_no_keys_are_read_where_there_is_no_ledger(tmp_path):
    assert read_vkeys(tmp_path) == []
