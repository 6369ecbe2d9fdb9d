"""Signed notes, checkpoints, cosignatures and keys, against the examples of C2SP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.keys import new_key
from fairlead.review.ledger.notes import (
    COSIGNATURE,
    Checkpoint,
    Handover,
    Note,
    SigningKey,
    VerifierKey,
    cosign,
    signed,
    unbase64,
)
from fairlead.review.ledger.tree import EMPTY_ROOT

# c2sp.org/signed-note, section Verifier keys, Example
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n"
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3"
    "mFXmRKuwHjG1Yu72IneyaQM=\n"
)
KEY = SigningKey("example.org/log", bytes(range(32)))
WITNESS = SigningKey("example.org/witness", bytes(range(32, 64)), COSIGNATURE)
HEAD = Checkpoint("example.org/log", 0, EMPTY_ROOT)


def test_the_example_of_the_specification_verifies():
    key = VerifierKey.parse(VKEY)
    assert str(key) == VKEY
    assert Note.parse(NOTE).signers([key]) == [key]


def test_a_changed_text_does_not():
    changed = Note.parse(NOTE.replace("example m", "other m"))
    with pytest.raises(BrokenError, match="was not made with its key"):
        changed.signers([VerifierKey.parse(VKEY)])


def test_signatures_of_strangers_are_ignored():
    stranger = new_key("example.com/foo")
    note = Note.parse(NOTE + stranger.sign("This is an example message.\n"))
    assert note.signers([VerifierKey.parse(VKEY)]) == [VerifierKey.parse(VKEY)]
    assert note.signers([KEY.verifier()]) == []
    assert note.signers([]) == []


def test_a_second_line_of_a_known_key_must_hold_too():
    line = NOTE.splitlines()[-1]
    wrong = line.replace("UwQ2", "").replace("IneyaQM=", "IneyaQA=")
    with pytest.raises(BrokenError, match="was not made"):
        Note.parse(f"{NOTE}{wrong}\n").signers([VerifierKey.parse(VKEY)])


@pytest.mark.parametrize(
    "written",
    [
        "",
        "text\n",
        "text\n\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\u2014", "-"),
        NOTE.replace("\u2014 ", "\u2014"),
        NOTE.replace("example.com/foo", "example.com/ foo"),
        NOTE.replace("example.com/foo", "example.com+foo"),
        NOTE.replace("aQM=", "aQN="),
        NOTE.replace("aQM=", "aQM"),
        NOTE.replace(" message", "\tmessage"),
        "text\n\n\u2014 a AAAA\n",
        "text\n\n\u2014 a AAAAAA=\n",
        "text\n\n" + NOTE.splitlines()[-1] + "\r\n",
        "text\n\n" + (NOTE.splitlines()[-1] + "\n") * 101,
    ],
)
def test_what_is_no_note_is_refused(written):
    with pytest.raises(BrokenError, match="not a signed note"):
        Note.parse(written)


def test_a_hundred_signatures_are_read_and_empty_lines_belong_to_the_text():
    line = NOTE.splitlines()[-1] + "\n"
    note = Note.parse("a\n\nb\n\n" + line * 100)
    assert note.text == "a\n\nb\n"
    assert len(note.signatures) == 100
    assert note.signatures[0].name == "example.com/foo"
    assert note.signatures[0].key_id.hex() == "530d903a"
    assert len(note.signatures[0].signature) == 64


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no Ed25519 verifier key"),
        ("example.com/foo", "no Ed25519 verifier key"),
        (VKEY[:-4], "no Ed25519 verifier key"),
        (VKEY.replace("+Aek", "+Bek"), "no Ed25519 verifier key"),
        (VKEY.replace("530d903a", "530d903b"), "does not belong to its key id"),
        (VKEY.replace("530d903a", "530D903A"), "does not belong to its key id"),
        (VKEY.replace("foo", "fo"), "does not belong to its key id"),
        (VKEY.replace("example.com/foo", "example. com/foo"), "does not belong to its key id"),
    ],
)
def test_a_damaged_verifier_key_is_refused(text, said):
    with pytest.raises(BrokenError, match=said):
        VerifierKey.parse(text)


def test_a_name_with_a_space_is_refused_even_with_its_own_key_id():
    key = VerifierKey("a b", 1, bytes(32))
    with pytest.raises(BrokenError, match="does not belong"):
        VerifierKey.parse(str(key))


def test_a_signing_key_comes_back_and_is_not_shown():
    key = new_key()
    assert SigningKey.parse(key.secret() + "\n") == key
    assert key.secret().startswith("PRIVATE+KEY+fairlead.ledger/")
    assert len(key.name) == len("fairlead.ledger/") + 16
    assert new_key().name != key.name
    assert "seed" not in repr(key)
    assert new_key("here").name == "here"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PRIVATE+KEY+a+00000000+AQ==",
        "PRIVATE+KEY+a",
        KEY.secret().replace("PRIVATE", "PUBLIC"),
        KEY.secret().replace("KEY", "KAY"),
        KEY.secret().replace("log", "lag"),
        KEY.secret()[:-4],
        "x" + KEY.secret(),
    ],
)
def test_a_damaged_signing_key_is_refused_without_showing_it(text):
    with pytest.raises(BrokenError) as caught:
        SigningKey.parse(text)
    assert not text or text not in str(caught.value) + caught.value.help


@given(st.binary(min_size=32, max_size=32))
def test_every_seed_survives_its_spelling(seed):
    """Base64 has plus signs, which separate the fields too."""
    key = SigningKey("a", seed)
    assert SigningKey.parse(key.secret()) == key
    assert VerifierKey.parse(str(key.verifier())) == key.verifier()


def test_a_checkpoint_is_three_lines():
    assert HEAD.text() == "example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert Checkpoint.parse(HEAD.text()) == HEAD
    note = Note.parse(signed(HEAD, KEY))
    assert note.text == HEAD.text()
    assert note.signers([KEY.verifier()]) == [KEY.verifier()]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        HEAD.text()[:-1],
        HEAD.text() + "extension\n",
        HEAD.text().replace("\n0\n", "\n00\n"),
        HEAD.text().replace("\n0\n", "\n-1\n"),
        HEAD.text().replace("\n0\n", "\n12345678901234567890\n"),
        HEAD.text().replace("\n0\n", "\n\u0661\n"),
        HEAD.text().replace("FU=", "FV="),
        HEAD.text().replace("47DEQpj8", ""),
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(BrokenError, match="no checkpoint"):
        Checkpoint.parse(text)


def test_a_witness_signs_what_and_when():
    ours = signed(HEAD, KEY)
    both = Note.parse(cosign(ours, WITNESS, 1679315147))
    assert both.text == HEAD.text()
    assert both.signers([KEY.verifier(), WITNESS.verifier()]) == [
        KEY.verifier(),
        WITNESS.verifier(),
    ]
    raw = both.signatures[1].signature
    assert int.from_bytes(raw[:8], "big") == 1679315147
    assert len(raw) == 72
    as_log_key = VerifierKey(WITNESS.name, COSIGNATURE, WITNESS.verifier().public)
    shifted = (1679315148).to_bytes(8, "big") + raw[8:]
    assert as_log_key.accepts(HEAD.text(), raw)
    assert not as_log_key.accepts(HEAD.text(), shifted)
    # the message is fixed by c2sp.org/tlog-cosignature
    message = "cosignature/v1\ntime 1679315147\n" + HEAD.text()
    assert VerifierKey("x", 1, as_log_key.public).accepts(message, raw[8:])


def test_the_same_key_has_another_id_as_a_witness():
    assert SigningKey("a", bytes(32)).verifier().key_id != (
        SigningKey("a", bytes(32), COSIGNATURE).verifier().key_id
    )


def test_a_handover_names_both_keys_and_is_signed_by_the_old():
    old, new = KEY, new_key(KEY.name)
    handover = Handover(old.verifier(), new.verifier())
    text = handover.text()
    assert Handover.parse(f"{text}\n{old.sign(text)}") == handover
    with pytest.raises(BrokenError, match="hands nothing over"):
        Handover.parse(f"{text}\n{new.sign(text)}")
    with pytest.raises(BrokenError, match="hands nothing over"):
        Handover.parse(signed(HEAD, KEY))
    with pytest.raises(BrokenError, match="no checkpoint"):
        Checkpoint.parse(text)
    other = text.replace(KEY.name, "example.org/other", 1)
    with pytest.raises(BrokenError, match="hands nothing over"):
        Handover.parse(f"{other}\n{old.sign(other)}")
    said = text.replace("handover", "hangover")
    with pytest.raises(BrokenError, match="hands nothing over"):
        Handover.parse(f"{said}\n{old.sign(said)}")


@pytest.mark.parametrize(
    "text", ["A", "AA=", "AB==", "AA==\n", " AA==", "\u00e9\u00e9\u00e9\u00e9"]
)
def test_base64_has_one_right_spelling(text):
    assert unbase64(text) is None
    assert unbase64("AA==") == b"\0"
    assert unbase64("") == b""
