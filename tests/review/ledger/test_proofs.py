"""The proof bundle: checked with nothing else, refused when anything about it was changed."""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.keys import new_key
from fairlead.review.ledger.notes import COSIGNATURE, SigningKey, VerifierKey, cosign
from fairlead.review.ledger.proofs import check_bundle, read_bundle
from fairlead.schema.ledger import InclusionProof
from tests.review.ledger.desk import START_US, Desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("proofs"))
    made.write(21)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bundle(desk):
    return desk.ledger.inclusion(13).as_dict()


def test_a_bundle_proves_its_entry(desk, bundle):
    proved = check_bundle(json.loads(json.dumps(bundle)))
    assert proved.index == 13
    assert proved.entry.body == {"n": 13}
    assert proved.entry.time_us == START_US + 13_000_000
    assert proved.signed.checkpoint.size == 21
    assert str(proved.vkey) == desk.ledger.vkeys()[0]
    assert proved.cosigners == ()


@pytest.mark.parametrize("index", range(21))
def test_every_entry_can_be_proved(desk, index):
    assert check_bundle(desk.ledger.inclusion(index).as_dict()).index == index


def test_a_ledger_of_one_entry_has_a_proof_without_hashes(tmp_path):
    desk = Desk(tmp_path)
    desk.write(1)
    bundle = desk.ledger.inclusion(0).as_dict()
    assert check_bundle(bundle).index == 0
    desk.close()


def test_the_proof_is_in_tlog_proof_form(desk, bundle):
    head, _, note = bundle["proof"].partition("\n\n")
    assert head.split("\n")[:2] == ["c2sp.org/tlog-proof@v1", "index 13"]
    assert all(len(base64.b64decode(line)) == 32 for line in head.split("\n")[2:])
    assert note == desk.ledger.checkpoint()
    extra = bundle["proof"].replace("index", "extra AAAA\nindex", 1)
    assert check_bundle({**bundle, "proof": extra}).index == 13


def test_a_trusted_key_must_be_the_one(desk, bundle):
    ours = VerifierKey.parse(desk.ledger.vkeys()[0])
    other = new_key(ours.name).verifier()
    assert check_bundle(bundle, trusted=(other, ours)).vkey == ours
    with pytest.raises(BrokenError, match="not by a key you trust"):
        check_bundle(bundle, trusted=(other,))


def test_witnesses_of_a_proof_are_named(desk, bundle):
    witness = SigningKey("example.org/w", bytes(32), COSIGNATURE)
    proof = desk.ledger.inclusion(13)
    both = InclusionProof(
        13, proof.entry, proof.hashes, cosign(proof.checkpoint, witness, 7), proof.vkey
    )
    keys = (witness.verifier(), new_key("x").verifier())
    assert check_bundle(both.as_dict(), witnesses=keys).cosigners == keys[:1]
    assert check_bundle(bundle, witnesses=keys).cosigners == ()


def changed(bundle, field, old, new):
    assert old in bundle[field]
    return {**bundle, field: bundle[field].replace(old, new, 1)}


@pytest.mark.parametrize(
    ("field", "old", "new", "said"),
    [
        ("entry", "acct-1", "acct-2", "not number 13"),
        ("entry", '"n":13', '"n":14', "not number 13"),
        ("proof", "index 13", "index 12", "not number 13|not number 12"),
        ("proof", "index 13", "index 99", "not number 99"),
        ("proof", "index 13", "index 013", "tlog-proof form"),
        ("proof", "index 13\n", "", "tlog-proof form"),
        ("proof", "@v1", "@v2", "tlog-proof form"),
        ("proof", "\n\n", "\n", "tlog-proof form|not a signed note"),
        ("proof", "index 13\n", "index 13\nAAAA\n", "tlog-proof form"),
        ("proof", "index 13\n", "index 13\n?\n", "tlog-proof form"),
        ("proof", "\n21\n", "\n22\n", "was not made with its key"),
        ("vkey", "+", "+0", "does not belong"),
        ("format", "/1", "/2", "no ledger proof that can be read"),
    ],
)
def test_a_changed_bundle_does_not_hold(bundle, field, old, new, said):
    with pytest.raises(BrokenError, match=said):
        check_bundle(changed(bundle, field, old, new))


def test_a_proof_has_at_most_63_hashes(bundle):
    line = "A" * 43 + "=\n"
    with pytest.raises(BrokenError, match="tlog-proof form"):
        check_bundle(changed(bundle, "proof", "index 13\n", "index 13\n" + line * 60))
    with pytest.raises(BrokenError, match="not number 13"):
        check_bundle(changed(bundle, "proof", "index 13\n", "index 13\n" + line * 58))


def test_a_proof_by_another_key_does_not_hold(desk, bundle):
    ours = SigningKey.parse((desk.keys / "signing-key").read_text())
    with pytest.raises(BrokenError, match="not signed by the ledger's key"):
        check_bundle({**bundle, "vkey": str(new_key(ours.name).verifier())})


def test_a_checkpoint_that_speaks_for_another_does_not_hold(desk, bundle):
    ours = SigningKey.parse((desk.keys / "signing-key").read_text())
    head, _, note = bundle["proof"].partition("\n\n")
    text = note.partition("\n\n")[0].replace(ours.name, "another") + "\n"
    proof = f"{head}\n\n{text}\n{ours.sign(text)}"
    with pytest.raises(BrokenError, match="not signed by the ledger's key"):
        check_bundle({**bundle, "proof": proof})


def test_bytes_that_are_no_entry_prove_nothing(tmp_path):
    desk = Desk(tmp_path)
    desk.write(1)
    from fairlead.review.ledger import tree
    from fairlead.review.ledger.notes import Checkpoint, signed

    key = SigningKey.parse((desk.keys / "signing-key").read_text())
    note = signed(Checkpoint(key.name, 1, tree.leaf_hash(b"free text")), key)
    bundle = InclusionProof(0, b"free text", (), note, str(key.verifier())).as_dict()
    with pytest.raises(BrokenError, match="no canonical JSON"):
        check_bundle(bundle)
    desk.close()


@pytest.mark.parametrize("value", [None, 5, [], {}, "text"])
@pytest.mark.parametrize("field", ["entry", "proof", "vkey", "format", None])
def test_a_bundle_without_its_fields_is_refused(bundle, field, value):
    given_ = value if field is None else {**bundle, field: value}
    with pytest.raises(BrokenError):
        check_bundle(given_)


def test_half_a_character_is_refused(bundle):
    with pytest.raises(BrokenError, match="no ledger proof that can be read"):
        check_bundle({**bundle, "entry": "\ud800"})
    with pytest.raises(BrokenError, match="no ledger proof that can be read"):
        check_bundle({**bundle, "entry": "\udfff"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_character_of_a_bundle_can_be_changed(bundle, data):
    field = data.draw(st.sampled_from(["entry", "proof", "vkey"]))
    at = data.draw(st.integers(0, len(bundle[field]) - 1))
    new = data.draw(st.characters(codec="ascii").filter(lambda c: c != bundle[field][at]))
    text = bundle[field][:at] + new + bundle[field][at + 1 :]
    if text.strip() != bundle[field].strip() or field != "vkey":
        with pytest.raises(BrokenError):
            check_bundle({**bundle, field: text})


def test_a_bundle_is_found_inside_of_a_dossier(bundle):
    for text in (bundle, [1, [bundle]], {"a": {"b": [None, bundle]}, "c": 5}):
        assert read_bundle(json.dumps(text)) == bundle


@pytest.mark.parametrize("text", ["", "{}", "5", '"x"', '{"a": [1, {"b": 2}]}', "[" * 100_000])
def test_a_file_without_a_proof_is_refused(text):
    with pytest.raises(BrokenError, match="holds no ledger proof"):
        read_bundle(text)
