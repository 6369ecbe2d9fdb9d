"""Sessions and tokens: how long they stand, and what ends them."""

import pytest

from tests.review.access.house import HOUR, S


@pytest.fixture
def watch(house):
    chief, _ = house.first()
    who, key = house.person(chief, "deck-watch", markings=["tlp:amber", "source:radar"])
    account = house.gate.accounts.get(who.account_id)
    session = house.gate.sessions.start(account, method="passkey", now_us=house.now)
    return chief, who, session


def of(house, session):
    return house.gate.sessions.of(session.token, now_us=house.now)


def test_a_session_is_found_by_its_token(house, watch):
    _, who, session = watch
    assert of(house, session) == session
    assert session.principal == who
    assert session.principal.markings >= {"tlp:green", "tlp:clear", "source:radar"}
    assert session.expires_us == house.now + 12 * HOUR
    assert len(session.token) == 43
    assert session.csrf != session.token
    assert house.entries("sign_in")[-1]["body"] == {"method": "passkey"}
    assert session.token not in repr(session)
    assert session.csrf not in repr(session)


def test_only_a_digest_of_the_token_is_stored(house, watch):
    _, _, session = watch
    kept = str(house.sql("SELECT * FROM sessions")) + str(house.entries())
    assert session.token not in kept
    assert session.csrf not in kept


def test_an_idle_session_ends_after_half_an_hour(house, watch):
    _, _, session = watch
    house.later(30 * 60 * S - 1)
    of(house, session)
    house.later(30 * 60 * S - 1)
    of(house, session)
    house.later(30 * 60 * S)
    with house.refuses("session_expired"):
        of(house, session)
    before = len(house.entries())
    with pytest.raises(Exception, match="has ended"):
        of(house, session)
    assert len(house.entries()) == before


def test_being_seen_is_written_once_a_minute(house, watch):
    _, _, session = watch
    started = house.now
    house.later(60 * S - 1)
    of(house, session)
    assert house.sql("SELECT last_us FROM sessions") == [(started,)]
    house.later(1)
    of(house, session)
    assert house.sql("SELECT last_us FROM sessions") == [(house.now,)]


def test_a_busy_session_ends_after_twelve_hours(house, watch):
    _, _, session = watch
    for _ in range(24 * 2 - 1):
        house.later(15 * 60 * S)
        of(house, session)
    house.later(15 * 60 * S)
    with house.refuses("session_expired"):
        of(house, session)


def test_a_token_nobody_was_given_is_no_session(house, watch):
    before = len(house.entries())
    with pytest.raises(Exception, match="nobody is signed in"):
        house.gate.sessions.of("guess", now_us=house.now)
    assert len(house.entries()) == before


def test_signing_out_ends_it_and_only_it(house, watch):
    _, who, session = watch
    account = house.gate.accounts.get(who.account_id)
    other = house.gate.sessions.start(account, method="passkey", now_us=house.now)
    house.gate.sessions.end(session.token, now_us=house.now)
    house.gate.sessions.end("guess", now_us=house.now)
    with pytest.raises(Exception, match="has ended"):
        of(house, session)
    assert of(house, other) == other


@pytest.mark.parametrize(
    ("change", "reason", "ledger"),
    [
        ({"roles": ["viewer"]}, "account_changed", None),
        ({"markings": []}, "account_changed", None),
        ({"revoked": True}, "not_active", "revoked"),
    ],
    ids=str,
)
def test_a_change_of_the_account_ends_its_sessions(house, watch, change, reason, ledger):
    chief, who, session = watch
    house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, **change)
    with house.refuses(reason, ledger=ledger):
        of(house, session)


def test_an_account_that_expires_ends_its_sessions(house, watch):
    chief, _, _ = watch
    who, _ = house.person(chief, "short-stay", expires_us=house.now + 60 * S)
    account = house.gate.accounts.get(who.account_id)
    session = house.gate.sessions.start(account, method="passkey", now_us=house.now)
    house.later(60 * S)
    with house.refuses("not_active", ledger="expired"):
        of(house, session)
    with house.refuses("not_active", ledger="expired", kind="sign_in_refused"):
        house.gate.sessions.start(account, method="passkey", now_us=house.now)


def test_a_page_of_the_session_knows_its_word(house, watch):
    _, _, session = watch
    house.gate.sessions.check_csrf(session, session.csrf, now_us=house.now)
    for wrong in ("", session.csrf[:-1], session.token, "ключ"):
        with house.refuses("csrf"):
            house.gate.sessions.check_csrf(session, wrong, now_us=house.now)


# tokens of services


def issue(house, by, **more):
    given = {
        "name": "night-export",
        "roles": ["viewer"],
        "markings": ["tlp:green"],
        "expires_us": house.now + HOUR,
    }
    return house.gate.tokens.issue(by=by, now_us=house.now, **(given | more))


def test_a_token_stands_for_part_of_its_issuer(house, watch):
    _, who, _ = watch
    token = issue(house, who, roles=["viewer", "service"], markings=["tlp:green", "source:radar"])
    service = house.gate.tokens.of(token.token, now_us=house.now)
    assert service.roles == {"viewer", "service"}
    assert service.markings == {"tlp:clear", "tlp:green", "source:radar"}
    assert (service.method, service.issuer, service.handle) == (
        *("token", who.account_id, "night-export"),
    )
    assert service.account_id == token.token_id
    assert service.authenticated_us == house.now
    assert token.token not in str(house.sql("SELECT * FROM service_tokens"))
    assert token.token not in str(house.entries()) + repr(token)
    listed = house.gate.tokens.every()
    assert [t.token_id for t in listed] == [token.token_id]
    assert listed[0].token == ""


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"name": "X"}, "bad_handle"),
        ({"name": "a person's name"}, "bad_handle"),
        ({"roles": []}, "bad_role"),
        ({"roles": ["reviewer"]}, "bad_role"),
        ({"roles": ["viewer", "administrator"]}, "bad_role"),
        ({"markings": ["tlp:red"]}, "too_much"),
        ({"markings": ["source:other"]}, "too_much"),
    ],
    ids=str,
)
def test_what_no_token_can_be(house, watch, more, reason):
    _, who, _ = watch
    with house.refuses(reason):
        issue(house, who, **more)


@pytest.mark.parametrize("lasts_us", [-1, 0, 24 * HOUR + 1])
def test_a_token_lasts_a_day_at_most(house, watch, lasts_us):
    _, who, _ = watch
    with house.refuses("bad_expiry"):
        issue(house, who, expires_us=house.now + lasts_us)
    assert issue(house, who, expires_us=house.now + 24 * HOUR)


def test_a_viewer_issues_no_service_and_an_administrator_alone_nothing(house, watch):
    chief, _, _ = watch
    viewer, _ = house.person(chief, "looker", roles=["viewer"])
    keeper, _ = house.person(chief, "keeper", roles=["administrator"])
    assert issue(house, viewer).roles == {"viewer"}
    with house.refuses("too_much"):
        issue(house, viewer, roles=["service"])
    with house.refuses("too_much"):
        issue(house, keeper)


def test_a_token_expires_and_says_so_once(house, watch):
    _, who, _ = watch
    token = issue(house, who)
    house.later(HOUR - 1)
    house.gate.tokens.of(token.token, now_us=house.now)
    house.later(1)
    with house.refuses("session_expired"):
        house.gate.tokens.of(token.token, now_us=house.now)
    with pytest.raises(Exception, match="has ended"):
        house.gate.tokens.of(token.token, now_us=house.now)
    with pytest.raises(Exception, match="nobody is signed in"):
        house.gate.tokens.of("guess", now_us=house.now)


def test_a_token_shrinks_with_its_issuer(house, watch):
    chief, who, _ = watch
    token = issue(house, who, roles=["viewer", "service"], markings=["tlp:amber", "source:radar"])
    house.gate.accounts.change(
        who.account_id, by=chief, now_us=house.now, roles=["viewer"], markings=["tlp:green"]
    )
    service = house.gate.tokens.of(token.token, now_us=house.now)
    assert service.roles == {"viewer"}
    assert service.markings == {"tlp:clear", "tlp:green"}
    house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, revoked=True)
    with house.refuses("not_active", ledger="issuer_not_active"):
        house.gate.tokens.of(token.token, now_us=house.now)
    with house.refuses("not_active"):
        issue(house, who)


def test_a_token_is_ended_by_its_issuer_or_an_administrator(house, watch):
    chief, who, _ = watch
    other, _ = house.person(chief, "other")
    one, two = issue(house, who), issue(house, who, name="second")
    end = house.gate.tokens.end
    with house.refuses("not_administrator"):
        end(one.token_id, by=other, now_us=house.now)
    with house.refuses("unknown_token"):
        end("token-none", by=chief, now_us=house.now)
    end(one.token_id, by=who, now_us=house.now)
    end(two.token_id, by=chief, now_us=house.now)
    assert [t.ended_us for t in house.gate.tokens.every()] == [house.now, house.now]
    for token in (one, two):
        with pytest.raises(Exception, match="has ended"):
            house.gate.tokens.of(token.token, now_us=house.now)
