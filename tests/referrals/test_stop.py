"""The stop switch: one pulls, two release, and a dead-man time closes the door by itself."""

import pytest

from fairlead.referrals.stop import PURPOSE, RELEASE_WITHIN_US
from fairlead.schema.referrals import ReferralKind
from tests.referrals.office import HOUR, MINUTE, T0, Office
from tests.referrals.test_door import refused


def release(office, person, digest, at_us, purpose=PURPOSE):
    yes = office.people.says_yes(person, digest, at_us, purpose)
    return office.stop.release(yes, now_us=at_us)


def test_one_pulls_and_two_release(office):
    assert not office.stop.state(T0).pulled
    pulled = office.stop.pull(actor=office.ann, reason="a wrong list", now_us=T0)
    assert (pulled.pulled, pulled.by, pulled.reason) == (True, office.ann, "a wrong list")
    again = office.stop.pull(actor=office.bob, reason="me too", now_us=T0 + 1)
    assert again.by == office.ann
    half = release(office, office.ann, pulled.digest, T0 + MINUTE)
    assert half.pulled
    assert half.releases == (office.ann,)
    assert not release(office, office.bob, pulled.digest, T0 + 2 * MINUTE).pulled
    assert not office.stop.state(T0 + HOUR).pulled


def test_two_releases_must_come_close_together(office):
    pulled = office.stop.pull(actor=office.ann, reason="wrong", now_us=T0)
    release(office, office.ann, pulled.digest, T0)
    late = T0 + RELEASE_WITHIN_US + MINUTE
    assert office.stop.state(late).releases == ()
    assert release(office, office.bob, pulled.digest, late).pulled
    assert not release(office, office.ann, pulled.digest, late + MINUTE).pulled


@pytest.mark.parametrize("roles", [("viewer",), ("analyst",), ("administrator",)])
def test_only_reviewers_touch_it(office, roles):
    clerk = office.people.add("acct-clerk", *roles)
    with refused("not_reviewer"):
        office.stop.pull(actor=clerk, reason="", now_us=T0)
    with refused("not_reviewer"):
        office.stop.show_presence(actor=clerk, now_us=T0)
    pulled = office.stop.pull(actor=office.ann, reason="", now_us=T0)
    with refused("not_reviewer"):
        release(office, clerk, pulled.digest, T0)


def test_a_release_says_what_it_is_for_and_is_fresh(office):
    with refused("not_pulled"):
        release(office, office.ann, "0" * 64, T0)
    pulled = office.stop.pull(actor=office.ann, reason="", now_us=T0)
    with refused("wrong_purpose"):
        release(office, office.bob, pulled.digest, T0, "to have a look")
    with refused("wrong_digest"):
        release(office, office.bob, "0" * 64, T0)
    yes = office.people.says_yes(office.bob, pulled.digest, T0, PURPOSE)
    with refused("expired"):
        office.stop.release(yes, now_us=T0 + 13 * HOUR)
    with refused("expired"):
        office.stop.release(yes, now_us=T0 - HOUR)
    assert office.refusals()[-2:] == ["expired", "expired"]


def test_the_door_closes_itself_when_nobody_is_there(tmp_path):
    office = Office(tmp_path, dead_man_us=8 * HOUR)
    assert office.stop.state(T0).pulled
    office.stop.show_presence(actor=office.ann, now_us=T0)
    assert not office.stop.state(T0 + 7 * HOUR).pulled
    referral_id, digest = office.frozen(ReferralKind.INFORMATION, now_us=T0 + 7 * HOUR)
    yes = office.people.says_yes(office.bob, digest, T0 + 7 * HOUR)
    office.door.approve(referral_id, yes, now_us=T0 + 7 * HOUR)
    state = office.stop.state(T0 + 9 * HOUR)
    assert state.pulled
    assert state.since_us == T0 + 8 * HOUR
    with refused("stopped"):
        office.send(referral_id, now_us=T0 + 9 * HOUR)
    office.stop.show_presence(actor=office.bob, now_us=T0 + 9 * HOUR)
    office.send(referral_id, now_us=T0 + 9 * HOUR)
    assert len(office.left) == 1
    office.close()
