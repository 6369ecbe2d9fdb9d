"""What leaves: drafted by one, approved by two others with fresh passkeys, sent once; stopped."""

import re

from playwright.sync_api import Page

from tests.web.driver import Browser, Person


def approve_lead(browser: Browser, author: Person) -> None:
    browser.open(author, "#/watch")
    page = author.page
    page.locator(".leads li").last.click()
    page.locator(".decide .approve").click()
    page.locator(".decide .chip").first.click()
    page.locator(".decide .primary").click()
    page.locator(".toast").wait_for()


def draft(browser: Browser, author: Person) -> str:
    """A frozen referral from the lead that was approved; its address."""
    browser.open(author, "#/watch?state=approved")
    page = author.page
    page.locator(".leads button").first.click()
    page.get_by_label(re.compile("^Recipient")).select_option(index=1)
    page.get_by_label("Note to the recipient").fill("please look at her papers")
    page.get_by_role("button", name="Make a draft").click()
    page.get_by_role("button", name="Freeze the content").click()
    page.get_by_text("Exactly what would leave").wait_for()
    return page.url.split("/", 3)[3]


def said_yes(page: Page) -> None:
    told = page.locator(".toast")
    told.wait_for()
    assert "bad" not in (told.get_attribute("class") or ""), told.inner_text()


def approve(browser: Browser, reviewer: Person, address: str) -> None:
    browser.open(reviewer, address)
    page = reviewer.page
    page.get_by_label("Purpose of the approval").fill("seen and agreed")
    page.get_by_role("button", name="Approve with passkey").click()
    said_yes(page)


def add_recipient(browser: Browser) -> None:
    admin = browser.plain()
    browser.open(admin, "#/referrals")
    page = admin.page
    page.locator("details.panel > summary").click()
    page.get_by_label("Short name").fill("port-state")
    page.get_by_label("Name", exact=True).fill("Port State Control")
    page.get_by_label("folder", exact=True).fill("port-state")
    page.get_by_role("button", name="Save the recipient").click()
    page.locator("details.panel li").first.wait_for()


def pull_and_release(browser: Browser, one: Person, other: Person, address: str) -> None:
    """Nothing leaves while it is pulled; one reviewer alone does not release it."""
    page = one.page
    page.locator(".stop > button").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("drill")
    page.get_by_role("button", name="Pull the stop switch").click()
    page.locator(".stop .pulled").wait_for()
    browser.open(one, address)
    page.get_by_role("heading", name="Approvals: 2").wait_for()
    send = page.get_by_role("button", name="Send")
    if send.is_enabled():
        send.click()
        page.locator(".toast.bad").wait_for()
    for reviewer, left in ((one, 1), (other, 0)):
        browser.open(reviewer, address)
        reviewer.page.locator(".stop .pulled").click()
        reviewer.page.get_by_role("button", name="Release, with passkey").click()
        said_yes(reviewer.page)
        browser.open(reviewer, address)
        reviewer.page.locator(".stop > button").wait_for()
        assert reviewer.page.locator(".stop .pulled").count() == left


def test_a_referral_with_two_reviewers_and_the_stop_switch(browser: Browser):
    add_recipient(browser)
    author = browser.invited("author", "analyst", "reviewer")
    one = browser.invited("reviewer-one", "reviewer")
    other = browser.invited("reviewer-two", "reviewer")
    approve_lead(browser, author)
    address = draft(browser, author)
    assert author.page.get_by_role("button", name="Send").is_disabled()
    assert author.page.get_by_role("button", name="Approve with passkey").count() == 0
    approve(browser, one, address)
    approve(browser, other, address)
    pull_and_release(browser, one, other, address)
    browser.open(other, address)
    other.page.get_by_role("button", name="Send").click()
    other.page.locator("article .tag.sent").wait_for()
    for person in (author, one, other):
        assert person.complaints == []
        person.context.close()
