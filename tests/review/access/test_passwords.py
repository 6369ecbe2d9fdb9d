"""Password and one-time code: both right, once, not too often."""

import pytest
from argon2 import PasswordHasher

from fairlead.review.access.passwords import Cost
from tests.review.access.house import S

PASSWORD = "lee shore at night 7"
HERE = "192.0.2.7"


@pytest.fixture
def typist(house):
    chief, _ = house.first()
    who, codes = house.with_password(chief, "typist")
    house.later(30 * S)
    return who, codes


def sign_in(house, handle="typist", password=PASSWORD, code="", address=HERE):
    return house.gate.passwords.sign_in(handle, password, code, address=address, now_us=house.now)


def test_both_right_is_in(house, typist):
    who, codes = typist
    assert sign_in(house, code=house.code(codes)).account_id == who.account_id


@pytest.mark.parametrize("handle", [" Typist", "TYPIST "])
def test_handles_are_read_kindly_and_codes_with_spaces(house, typist, handle):
    who, codes = typist
    code = house.code(codes)
    found = sign_in(house, handle=handle, code=f"{code[:3]} {code[3:]}")
    assert found.account_id == who.account_id


def test_a_password_is_the_same_however_its_letters_are_composed(house):
    chief, _ = house.first()
    who, codes = house.with_password(chief, "typist", "caf\u00e9 on the quay 9")
    house.later(30 * S)
    found = sign_in(house, password="cafe\u0301 on the quay 9", code=house.code(codes))
    assert found.account_id == who.account_id


@pytest.mark.parametrize(
    ("given", "ledger"),
    [
        ({"handle": "typisx"}, "unknown_handle"),
        ({"handle": "harbour-master"}, "no_password"),
        ({"password": PASSWORD + "x"}, "wrong_password"),
        ({"password": ""}, "wrong_password"),
        ({"password": PASSWORD * 50}, "wrong_password"),
        ({"code": "000000"}, "wrong_code"),
        ({"code": "кодкод"}, "wrong_code"),
        ({"code": ""}, "wrong_code"),
    ],
    ids=str,
)
def test_whatever_is_wrong_the_answer_is_the_same(house, typist, given, ledger):
    _, codes = typist
    said = {"code": house.code(codes)} | given
    with house.refuses("sign_in_failed", ledger=ledger, kind="sign_in_refused") as caught:
        sign_in(house, **said)
    assert caught.value.message == "this did not sign you in"
    assert PASSWORD not in str(house.entries())
    assert HERE not in str(house.entries())


@pytest.mark.parametrize(
    ("steps", "is_in"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_is_good_one_step_to_either_side(house, typist, steps, is_in):
    _, codes = typist
    house.later(300 * S)
    code = codes.at(house.now // S + 30 * steps)
    if is_in:
        assert sign_in(house, code=code).handle == "typist"
    else:
        with house.refuses("sign_in_failed", ledger="wrong_code", kind="sign_in_refused"):
            sign_in(house, code=code)


def test_whoever_is_gone_is_told_nothing_more(house, typist):
    who, codes = typist
    chief = house.gate.accounts.by_handle("harbour-master")
    by = chief.principal(method="passkey", authenticated_us=house.now)
    house.gate.accounts.change(who.account_id, by=by, now_us=house.now, revoked=True)
    with house.refuses("sign_in_failed", ledger="revoked", kind="sign_in_refused"):
        sign_in(house, code=house.code(codes))


def test_five_are_free_then_each_wait_doubles(house, typist):
    _, codes = typist
    for _ in range(5):
        with house.refuses("sign_in_failed", ledger="wrong_password", kind="sign_in_refused"):
            sign_in(house, password="wrong wrong wrong")
    for wait_s in (1, 2, 4, 8):
        house.later(wait_s * S - 1)
        with house.refuses("throttled", kind="sign_in_refused"):
            sign_in(house, code=house.code(codes))
        house.later(1)
        with house.refuses("sign_in_failed", ledger="wrong_password", kind="sign_in_refused"):
            sign_in(house, password="wrong wrong wrong")
    with house.refuses("throttled", kind="sign_in_refused") as caught:
        sign_in(house, code=house.code(codes))
    assert "16 s" in caught.value.message
    house.later(16 * S)
    assert sign_in(house, code=house.code(codes)).handle == "typist"
    house.later(30 * S)
    for _ in range(5):
        with house.refuses("sign_in_failed", ledger="wrong_password", kind="sign_in_refused"):
            sign_in(house, password="wrong wrong wrong")


def test_the_wait_is_never_longer_than_a_quarter_of_an_hour_and_a_day_forgets(house, typist):
    _, codes = typist
    for _ in range(20):
        with house.refuses("sign_in_failed", ledger="wrong_password", kind="sign_in_refused"):
            sign_in(house, password="wrong wrong wrong", address="192.0.2.8")
        house.later(900 * S)
    house.now -= 1
    with house.refuses("throttled", kind="sign_in_refused"):
        sign_in(house, code=house.code(codes))
    house.later(86_400 * S - 900 * S + 1)
    for _ in range(5):
        with house.refuses("sign_in_failed", ledger="wrong_password", kind="sign_in_refused"):
            sign_in(house, password="wrong wrong wrong")


def test_the_default_cost_is_that_of_rfc_9106():
    hasher = Cost().hasher()
    assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (3, 65536, 4)
    assert isinstance(hasher, PasswordHasher)


def test_throttles_name_neither_handle_nor_address(house, typist):
    with house.refuses("sign_in_failed", ledger="wrong_password", kind="sign_in_refused"):
        sign_in(house, password="wrong wrong wrong")
    kept = str(house.sql("SELECT * FROM throttles"))
    assert "typist" not in kept
    assert HERE not in kept
