"""Nobody is let in without a passkey or a password; the first link works once."""

from tests.web.driver import Browser


def test_enrol_by_link_sign_out_and_sign_in_again(browser: Browser):
    person = browser.first()
    page = person.page
    browser.sign_in_again(person)
    assert page.locator(".who-am-i").inner_text().startswith("watch-one")
    assert person.complaints == []


def test_a_used_link_is_refused_with_what_to_do(browser: Browser):
    browser.first()
    stranger = browser.person()
    stranger.page.goto(browser.console.first_link)
    stranger.page.get_by_label("Name you go by").fill("intruder")
    stranger.page.get_by_role("button", name="Make a passkey").click()
    stranger.page.get_by_role("alert").wait_for()
    assert stranger.page.locator(".strip").count() == 0
    stranger.context.close()


def test_nothing_is_shown_to_who_is_not_signed_in(browser: Browser):
    stranger = browser.person()
    stranger.page.goto(f"{browser.console.address}/#/watch")
    stranger.page.get_by_role("heading", name="Sign in").wait_for()
    assert stranger.page.locator(".leads").count() == 0
    stranger.context.close()


def test_an_administrator_enrols_an_analyst_who_cannot_manage_accounts(browser: Browser):
    second = browser.invited("second-watch", "analyst")
    assert second.page.get_by_role("button", name="Accounts").count() == 0
    assert second.page.get_by_role("button", name="Rules").count() == 1
    second.context.close()
