"""The picture, replay, the area query, the dossier; pictures are counted, not frames."""

import hashlib

from tests.web.driver import Browser


def drawn(page) -> str:
    """Digest of what the map shows, taken by the browser as a picture."""
    return hashlib.sha256(page.locator(".middle").screenshot()).hexdigest()


def ready(page) -> None:
    page.locator(".canvas[data-ready=true]").wait_for(timeout=60_000)


def test_replay_moves_the_sea_and_says_that_it_is_not_live(browser: Browser):
    person = browser.first()
    page = person.page
    ready(page)
    slider = page.get_by_label("Instant that is shown")
    slider.wait_for()
    slider.focus()
    page.keyboard.press("Home")
    page.locator(".replaying").wait_for()
    page.wait_for_timeout(2500)
    first = drawn(page)
    slider.focus()
    for _ in range(4):
        page.keyboard.press("PageUp")
    page.wait_for_timeout(2500)
    assert drawn(page) != first
    assert "&at=" in page.url
    page.keyboard.press("l")
    page.locator(".live").wait_for()
    assert "&at=" not in page.url
    assert person.complaints == []


def test_who_was_in_this_area_then(browser: Browser):
    person = browser.plain()
    page = person.page
    since, until = 1760400000000000, 1760500000000000
    ring = "-9.000,48.000;-4.000,48.000;-4.000,51.000;-9.000,51.000"
    browser.open(person, f"#/area?ring={ring}&at={(since + until) // 2}")
    page.get_by_label("From (UTC)").fill("2025-10-14T00:00")
    page.get_by_label("Until (UTC)").fill("2025-10-16T00:00")
    page.locator(".rows tbody tr").first.wait_for()
    told = page.get_by_role("status").filter(has_text="in all").inner_text()
    listed = page.locator(".rows tbody tr").count()
    assert str(listed) in told
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    text = download.value.path().read_text("utf-8")
    assert text.count("\n") > listed
    assert not [line for line in text.splitlines() if line.startswith("=")]


def test_a_polygon_is_drawn_by_hand(browser: Browser):
    person = browser.first()
    page = person.page
    browser.open(person, "#/area?lat=49.3&lon=-6.5&z=7")
    ready(page)
    page.get_by_role("button", name="Draw").click()
    box = page.locator(".canvas canvas").first.bounding_box()
    assert box is not None
    for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(400)
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="in all").wait_for()
    assert page.url.count(";") >= 3


def test_a_vessel_is_found_and_its_dossier_opens(browser: Browser):
    person = browser.plain()
    page = person.page
    page.locator(".leads li").first.wait_for()
    mmsi = page.locator(".lead .mmsi").first.inner_text().strip()
    page.keyboard.press("/")
    page.keyboard.type(mmsi)
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Enter")
    page.locator(".identities svg").first.wait_for()
    assert f"#/vessels/{mmsi}" in page.url
    assert person.complaints == []


def test_a_view_is_its_address(browser: Browser):
    person = browser.first()
    page = person.page
    browser.open(person, "#/watch?lat=49.000&lon=-7.000&z=8.00&layers=coverage.ports&state=all")
    ready(page)
    page.get_by_role("button", name="Layers and signs").click()
    assert page.get_by_label("Coverage").is_checked()
    assert not page.get_by_label("Events").is_checked()
    assert page.get_by_label("Which leads").input_value() == "all"
