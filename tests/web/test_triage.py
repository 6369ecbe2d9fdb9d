"""A watch by keyboard alone: next, open, decide with a reason, undo; and what if it changed."""

import json

from tests.web.driver import Browser


def open_leads(page) -> list[str]:
    page.locator(".leads li").first.wait_for()
    return page.locator(".leads .who").all_inner_texts()


def test_triage_by_keyboard(browser: Browser):
    person = browser.plain()
    page = person.page
    before = open_leads(page)
    page.keyboard.press("j")
    page.locator(".card .big").wait_for()
    page.keyboard.press("j")
    assert page.locator(".lead.open .rank").inner_text() == "2"
    page.keyboard.press("k")
    assert page.locator(".lead.open .rank").inner_text() == "1"
    page.locator(".decide button").first.wait_for()
    page.keyboard.press("d")
    page.keyboard.type("looked at it, nothing there")
    page.keyboard.press("Enter")
    page.locator(".toast").get_by_text("Dismiss").wait_for()
    first_is = (
        "([name, same]) => (document.querySelector('.leads .who')?.innerText === name) === same"
    )
    page.wait_for_function(first_is, arg=[before[0], False])
    page.locator(".card .big").wait_for()
    page.keyboard.press("u")
    page.wait_for_function(first_is, arg=[before[0], True])
    assert open_leads(page) == before
    assert person.complaints == []


def test_a_decision_needs_a_reason(browser: Browser):
    page = browser.plain().page
    open_leads(page)
    page.keyboard.press("j")
    page.locator(".decide button").first.wait_for()
    page.keyboard.press("a")
    send = page.locator(".decide .primary")
    assert send.is_disabled()
    page.keyboard.press("Enter")
    assert page.locator("form.decide").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator(".card").wait_for(state="detached")


def test_what_is_shown_is_enough(browser: Browser):
    page = browser.plain().page
    open_leads(page)
    page.keyboard.press("j")
    card = page.locator(".card")
    card.locator(".factor.for").first.wait_for()
    assert card.locator(".factor .sentence").first.inner_text()
    card.locator(".evidence .row").first.wait_for()
    card.get_by_label("The bytes as received").first.click()
    assert card.locator(".evidence pre").inner_text()
    card.locator(".chart-figure .curve").first.wait_for(state="attached")
    assert card.get_by_text("What would make this go away").count() == 1


def test_a_lead_that_changed_meanwhile_is_shown_side_by_side(browser: Browser):
    person = browser.plain()
    page = person.page
    open_leads(page)
    page.keyboard.press("j")
    page.locator(".decide button").first.wait_for()

    def refuse(route):
        route.fulfill(status=409, body=json.dumps({"error": "it changed", "reason": "changed"}))

    def older(route):
        card = route.fetch(url=route.request.url.split("/versions/")[0]).json()
        card["lead"]["probability"] = 0.01
        route.fulfill(json=card)

    page.route("**/decisions", refuse)
    page.route("**/versions/*", older)
    card = page.request.get(f"{browser.console.address}/api/v1/leads?limit=1").json()["items"][0]
    changed = {"n": 0}

    def newer(route):
        answer = route.fetch().json()
        changed["n"] += 1
        answer["lead"]["digest"] = "0" * 64
        route.fulfill(json=answer)

    page.keyboard.press("d")
    page.keyboard.type("gone")
    page.route(f"**/leads/{card['lead_id']}", newer)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("alertdialog")
    dialog.wait_for()
    dialog.locator("h4 b").get_by_text("1%", exact=True).wait_for()
    dialog.get_by_role("button").click()
    page.unroute_all()


def test_what_the_budget_cut_is_counted(browser: Browser):
    page = browser.plain().page
    open_leads(page)
    told = page.locator(".budget").inner_text()
    assert "shown" in told
    assert "per watch" in told
