"""Every language, both themes, sizes from a tablet to a wall; axe; names that are attacks."""

import re

import pytest

from tests.web.driver import AXE, HOSTILE_NAMES, Browser

LANGUAGES = {"en": "Leads", "fr": "Pistes", "es": "Pistas", "pt": "Pistas"}
VIEWS = ("#/watch", "#/area", "#/rules", "#/referrals", "#/accounts", "#/ledger", "#/help")
SERIOUS = """async () => {
  const told = await axe.run(document, { resultTypes: ['violations'] });
  return told.violations
    .filter(v => v.impact === 'serious' || v.impact === 'critical')
    .map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html).join(' | ')}`);
}"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language(browser: Browser, language: str):
    person = browser.plain()
    page = person.page
    browser.look_like(person, "dark", language)
    browser.open(person, "#/watch")
    page.locator(".queue h2").get_by_text(LANGUAGES[language], exact=True).wait_for()
    assert page.locator("html").get_attribute("lang") == language
    for view in VIEWS:
        browser.open(person, view)
        page.locator("h1, h2").first.wait_for()
        unfilled = re.findall(r"\{[a-z_]+\}", page.locator(".shell").inner_text())
        assert unfilled == []
    browser.look_like(person, "dark", "en")
    assert person.complaints == []


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("view", ["lead", "vessel", *VIEWS])
def test_axe_finds_nothing_serious(browser: Browser, theme: str, view: str):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in web/")
    person = browser.plain()
    page = person.page
    browser.look_like(person, theme, "en")
    browser.open(person, view if view in VIEWS else "#/watch")
    if view in ("lead", "vessel"):
        page.locator(".leads li").first.wait_for()
        page.keyboard.press("j")
        page.locator(".card .big").wait_for()
    if view == "vessel":
        page.locator(".card .bar .link").click()
        page.locator(".identities svg").first.wait_for()
    assert page.locator("html").get_attribute("data-theme") == theme
    page.evaluate(AXE.read_text("utf-8"))
    assert page.evaluate(SERIOUS) == []


def test_axe_finds_nothing_serious_with_the_map_drawn(browser: Browser):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in web/")
    page = browser.first().page
    page.locator(".canvas[data-ready=true]").wait_for()
    page.evaluate(AXE.read_text("utf-8"))
    assert page.evaluate(SERIOUS) == []


@pytest.mark.parametrize("size", [(1024, 768), (1280, 800), (1920, 1080), (390, 844)])
def test_nothing_runs_off_the_screen(browser: Browser, size: tuple[int, int]):
    person = browser.plain()
    page = person.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.locator(".leads li").first.wait_for()
    page.keyboard.press("j")
    page.locator(".decide button").first.wait_for()
    width = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(width) == 0
    assert page.locator(".decide button").first.is_visible()
    page.set_viewport_size({"width": 1280, "height": 800})


def test_hostile_names_are_text(browser: Browser):
    person = browser.plain()
    page = person.page
    for mmsi in HOSTILE_NAMES:
        browser.open(person, f"#/vessels/{mmsi}")
        page.locator(".card h2 .name").wait_for()
        assert page.evaluate("() => window.hurt") is None
        assert page.locator(".card img").count() == 0
    assert page.locator(".card h2 .name").inner_text() == HOSTILE_NAMES[mmsi]
    browser.open(person, "#/vessels/211000002")
    page.locator(".card h2 .name").wait_for()
    assert "\u202e" not in page.locator(".card").inner_text()
    assert "[U+202E]" in page.locator(".card h2").inner_text()
    assert person.complaints == []


def test_a_dead_server_does_not_look_like_a_quiet_sea(browser: Browser):
    person = browser.person(storage_state=browser.first().context.storage_state())
    browser.open(person, "#/watch")
    person.page.locator(".leads li").first.wait_for()
    person.page.route("**/api/**", lambda route: route.abort())
    person.page.reload()
    person.page.get_by_role("heading", name="The server does not answer").wait_for()
    person.context.close()
