"""Sign-in by a provider: what it must prove, and what its word gives."""

import pytest

from fairlead.review.access import oidc
from fairlead.schema.errors import ConfigError, RefusedError
from tests.review.access.house import START_US, House, S
from tests.review.access.provider import Provider

CALLBACK = "http://localhost:8000/api/v1/sign-in/oidc/navy/callback"


@pytest.fixture(scope="module")
def shared():
    made = Provider()
    yield made
    made.close()


@pytest.fixture
def provider(shared):
    shared.lies, shared.claims, shared.secret = {}, {"sub": "officer-7"}, ""
    shared.now_s = START_US // S
    return shared


def settings(provider, **more):
    given = {
        "provider_id": "navy",
        "issuer": provider.issuer,
        "client_id": "fairlead",
        "redirect_uri": CALLBACK,
    }
    return oidc.Provider(**(given | more))


@pytest.fixture
def house(tmp_path, provider):
    made = House(tmp_path, providers=[settings(provider)])
    yield made
    made.close()


def with_settings(house, provider, **more):
    house.settings = {"providers": [settings(provider, **more)]}
    house.restart()


def sign_in(house, provider, **more):
    redirect = house.gate.oidc.start("navy", now_us=house.now)
    query = provider.authorize(redirect.url)
    given = {"browser_key": redirect.browser_key, "now_us": house.now} | more
    return house.gate.oidc.finish("navy", query, **given)


def test_a_first_sign_in_makes_an_account_that_may_nothing(house, provider):
    account = sign_in(house, provider)
    assert account.roles == frozenset()
    assert account.markings == frozenset()
    assert account.handle.startswith("navy-")
    assert account.state(house.now) == "active"
    session = house.gate.sessions.start(account, method="oidc", now_us=house.now)
    assert session.principal.method == "oidc"
    kept = str(house.entries()) + str(house.sql("SELECT * FROM account_changes"))
    assert "officer-7" not in kept


def test_the_second_sign_in_finds_the_account_again(house, provider):
    first = sign_in(house, provider)
    n_changes = len(house.gate.accounts.history(first.account_id))
    assert sign_in(house, provider).account_id == first.account_id
    assert len(house.gate.accounts.history(first.account_id)) == n_changes
    provider.claims = {"sub": "officer-8"}
    assert sign_in(house, provider).account_id != first.account_id


def test_what_an_administrator_gave_stays_where_settings_map_nothing(house, provider):
    account = sign_in(house, provider)
    chief, _ = house.first()
    house.gate.accounts.change(account.account_id, by=chief, now_us=house.now, roles=["analyst"])
    assert sign_in(house, provider).roles == {"analyst"}


def test_settings_map_one_claim_to_roles_and_markings(house, provider):
    with_settings(
        house,
        provider,
        claim="groups",
        roles={"watch": ["analyst", "viewer"]},
        markings={"watch": ["tlp:green"], "radar": ["source:radar"]},
    )
    provider.claims["groups"] = ["watch", "radar", "choir", 7]
    account = sign_in(house, provider)
    assert account.roles == {"analyst", "viewer"}
    assert account.markings == {"tlp:green", "source:radar"}
    session = house.gate.sessions.start(account, method="oidc", now_us=house.now)
    provider.claims["groups"] = "radar"
    less = sign_in(house, provider)
    assert (less.roles, less.markings) == (frozenset(), {"source:radar"})
    with house.refuses("account_changed"):
        house.gate.sessions.of(session.token, now_us=house.now)
    for nothing in (7, {"watch": 1}, None):
        provider.claims["groups"] = nothing
        assert sign_in(house, provider).markings == frozenset()
    del provider.claims["groups"]
    assert sign_in(house, provider).markings == frozenset()


def test_a_provider_with_a_secret_is_given_it(house, provider):
    provider.secret = "s3cret:/+ä"
    with_settings(house, provider, client_secret=provider.secret)
    assert sign_in(house, provider).handle.startswith("navy-")
    with_settings(house, provider, client_secret="wrong")
    with refused(house, "bad_provider", "HTTPStatusError"):
        sign_in(house, provider)
    assert provider.secret not in repr(settings(provider, client_secret=provider.secret))


def refused(house, reason, ledger=None):
    return house.refuses(reason, ledger=ledger, kind="sign_in_refused")


@pytest.mark.parametrize(
    ("claims", "ledger"),
    [
        ({"nonce": "other"}, "InvalidClaimError"),
        ({"nonce": None}, "MissingClaimError"),
        ({"iss": "https://example.org"}, "InvalidClaimError"),
        ({"aud": "another"}, "InvalidClaimError"),
        ({"aud": ["another"]}, "InvalidClaimError"),
        ({"aud": ["fairlead", "another"]}, "wrong_party"),
        ({"azp": "another"}, "wrong_party"),
        ({"sub": None}, "MissingClaimError"),
        ({"exp": START_US // S - 61}, "ExpiredTokenError"),
        ({"exp": None}, "MissingClaimError"),
        ({"iat": START_US // S + 61}, "InvalidClaimError"),
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in(house, provider, claims, ledger):
    provider.claims |= claims
    with refused(house, "bad_provider", ledger):
        sign_in(house, provider)
    assert house.gate.accounts.every() == []


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["fairlead", "another"], "azp": "fairlead"},
        {"aud": ["fairlead"]},
        {"azp": "fairlead"},
        {"exp": START_US // S - 59},
    ],
    ids=str,
)
def test_a_token_that_is(house, provider, claims):
    provider.claims |= claims
    assert sign_in(house, provider)


@pytest.mark.parametrize("how", ["unsigned", "confused", "by_stranger"])
def test_a_token_the_provider_did_not_sign(house, provider, how):
    provider.lies["id_token"] = getattr(provider, how)
    with refused(house, "bad_provider", ledger=house_error(how)):
        sign_in(house, provider)


def house_error(how):
    return {
        "unsigned": "UnsupportedAlgorithmError",
        "confused": "UnsupportedAlgorithmError",
        "by_stranger": "InvalidKeyTypeError",
    }[how]


@pytest.mark.parametrize(
    ("query", "ledger"),
    [
        ({"iss": "https://example.org"}, "wrong_issuer"),
        ({"error": "access_denied"}, "provider_refused"),
        ({"code": None}, "provider_refused"),
    ],
    ids=str,
)
def test_a_callback_that_is_no_yes(house, provider, query, ledger):
    provider.lies["query"] = query
    with refused(house, "sign_in_failed", ledger):
        sign_in(house, provider)


def test_a_provider_that_does_not_name_itself_in_the_callback_is_believed(house, provider):
    provider.lies["query"] = {"iss": None}
    assert sign_in(house, provider)


def test_a_callback_nobody_asked_for(house, provider):
    for query in ({}, {"state": "guess", "code": "x"}):
        with refused(house, "unknown_challenge"):
            house.gate.oidc.finish("navy", query, browser_key="x", now_us=house.now)


def test_a_callback_in_another_browser(house, provider):
    """Login CSRF: the attacker's own answer is sent to the victim's browser."""
    with refused(house, "sign_in_failed", "other_browser"):
        sign_in(house, provider, browser_key="victim")


def test_a_callback_twice_and_late(house, provider):
    redirect = house.gate.oidc.start("navy", now_us=house.now)
    query = provider.authorize(redirect.url)
    given = {"browser_key": redirect.browser_key, "now_us": house.now}
    house.gate.oidc.finish("navy", query, **given)
    with refused(house, "used"):
        house.gate.oidc.finish("navy", query, **given)
    with refused(house, "expired"):
        sign_in(house, provider, now_us=house.now + 600 * S)


def test_the_answer_of_one_provider_at_the_callback_of_another(house, provider):
    house.settings = {"providers": [settings(provider), settings(provider, provider_id="coast")]}
    house.restart()
    redirect = house.gate.oidc.start("coast", now_us=house.now)
    query = provider.authorize(redirect.url)
    with refused(house, "sign_in_failed", "other_browser"):
        house.gate.oidc.finish("navy", query, browser_key=redirect.browser_key, now_us=house.now)


def test_a_stolen_code_is_worth_nothing_without_the_verifier(house, provider):
    """The code of one sign-in is injected into another one: its challenge does not fit."""
    first = house.gate.oidc.start("navy", now_us=house.now)
    stolen = provider.authorize(first.url)["code"]
    second = house.gate.oidc.start("navy", now_us=house.now)
    query = provider.authorize(second.url) | {"code": stolen}
    with refused(house, "bad_provider", "HTTPStatusError"):
        house.gate.oidc.finish("navy", query, browser_key=second.browser_key, now_us=house.now)


@pytest.mark.parametrize(
    ("lies", "ledger"),
    [
        ({"metadata": {"issuer": "https://example.org"}}, "wrong_issuer"),
        ({"metadata": {"token_endpoint": "http://example.org/token"}}, "ConfigError"),
        ({"metadata": {"jwks_uri": "file:///etc/passwd"}}, "ConfigError"),
    ],
    ids=str,
)
def test_a_provider_whose_description_is_not_safe(house, provider, lies, ledger):
    provider.lies = lies
    with refused(house, "bad_provider", ledger):
        house.gate.oidc.start("navy", now_us=house.now)


@pytest.mark.parametrize("keys", [["none"], {"keys": "none"}, {}], ids=str)
def test_a_provider_without_keys(house, provider, keys):
    provider.lies = {"keys": keys}
    with pytest.raises(RefusedError) as caught:
        sign_in(house, provider)
    assert caught.value.reason == "bad_provider"


def test_a_provider_that_is_away(house, provider):
    house.settings = {"providers": [settings(provider, issuer="http://127.0.0.1:9")]}
    house.restart()
    with refused(house, "bad_provider", "ConnectError"):
        house.gate.oidc.start("navy", now_us=house.now)


def test_an_unknown_provider(house):
    with refused(house, "unknown_provider"):
        house.gate.oidc.start("army", now_us=house.now)
    with refused(house, "unknown_provider"):
        house.gate.oidc.finish("army", {}, browser_key="", now_us=house.now)


def test_a_revoked_account_does_not_come_back_by_its_provider(house, provider):
    account = sign_in(house, provider)
    chief, _ = house.first()
    house.gate.accounts.change(account.account_id, by=chief, now_us=house.now, revoked=True)
    with refused(house, "not_active", "revoked"):
        sign_in(house, provider)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"issuer": "http://example.org"}, ConfigError),
        ({"issuer": "ftp://localhost"}, ConfigError),
        ({"roles": {"x": ["service"]}}, RefusedError),
        ({"markings": {"x": ["secret"]}}, ConfigError),
        ({"provider_id": "a b"}, RefusedError),
    ],
    ids=str,
)
def test_settings_that_make_no_sense(provider, more, error):
    with pytest.raises(error):
        settings(provider, **more)


def test_a_secure_provider_elsewhere_is_allowed(provider):
    assert settings(provider, issuer="https://id.example.org").issuer
