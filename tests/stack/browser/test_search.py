"""A message is found and opened, by mouse and by keyboard."""

from __future__ import annotations

import re

from playwright.async_api import BrowserContext, Page, expect

from tests.stack.browser import transcripts

WORDS = "barometers mast calibration"
# Nothing is embedded here, so that meaning finds nothing by itself.
HIT = {
    "session_id": transcripts.RICH,
    "message_id": "a message",
    "entry_id": "e3",
    "role": "user",
    "timestamp": "2026-11-18T09:00:00.000Z",
    "score": 0.5,
    "snippet": transcripts.QUESTION,
    "title": transcripts.TITLE,
    "duplicates": 0,
}
RICH_HIT = f'a[data-hit][href*="{transcripts.RICH}"]'


async def test_a_message_is_found_as_one_types_and_opened(page: Page) -> None:
    await page.goto("/search")
    await page.locator("[data-search-field]").press_sequentially(WORDS)
    hit = page.locator(RICH_HIT).filter(has_text=transcripts.QUESTION)
    await expect(hit.locator("mark").first).to_be_visible()
    await expect(page).to_have_url(re.compile(r"q=barometers\+mast\+calibration"))
    await hit.click()
    await expect(page).to_have_url(re.compile(rf"/session\?id={transcripts.RICH}&entry=e3"))
    await expect(page.locator('[data-entry="e3"]')).to_contain_text(transcripts.QUESTION)
    await page.go_back()
    await expect(hit).to_be_visible()


async def test_the_keyboard_is_enough(page: Page) -> None:
    await page.goto("/sessions")
    await expect(page.locator(f'a[href*="{transcripts.RICH}"]')).to_be_visible()
    await page.keyboard.press("/")
    field = page.locator("[data-search-field]")
    await expect(field).to_be_visible()
    await page.keyboard.press("/")
    await expect(field).to_be_focused()
    await page.keyboard.type(WORDS)
    await expect(page.locator(RICH_HIT).first).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("a[data-hit]").first).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(field).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-entry]").first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile(r"/search\?q=.*barometers"))
    await expect(page.locator("a[data-hit]").first).to_be_visible()


async def test_what_is_narrowed_down_can_be_shared(page: Page, context: BrowserContext) -> None:
    await page.goto(f"/search?q=session:{transcripts.RICH}&mode=text")
    hits = page.locator(RICH_HIT)
    await expect(hits.first).to_be_visible()
    several = await hits.count()
    facets = page.get_by_role("region", name=re.compile("Narrow down|Eingrenzen"))
    if await facets.locator("summary").is_visible():
        await facets.locator("summary").click()
    await facets.locator("button:visible", has_text="sim-large").click()
    await expect(page).to_have_url(re.compile("model=sim-large"))
    await expect(hits.filter(has_text=transcripts.QUESTION)).to_have_count(0)
    assert 0 < await hits.count() < several
    shared = await context.new_page()
    await shared.goto(page.url)
    await expect(shared.locator(RICH_HIT)).to_have_count(await hits.count())
    await facets.locator("button:visible[aria-pressed=true]").click()
    await expect(hits).to_have_count(several)


async def test_a_period_that_a_link_names_is_shown_and_can_be_left(page: Page) -> None:
    await page.goto(f"/search?q=session:{transcripts.RICH}&since=2020-01-01&until=2020-12-31")
    nothing = page.get_by_text(re.compile("Nothing was found|Nichts gefunden"))
    await expect(nothing).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("Own period|Eigener Zeitraum"))).to_contain_text("2020")
    await page.get_by_text(re.compile("^(All time|Gesamte Zeit)$")).click()
    await expect(page.locator(RICH_HIT).first).to_be_visible()
    await expect(page).not_to_have_url(re.compile("since|until"))


async def test_sessions_are_found_by_what_was_said_in_them(page: Page) -> None:
    await page.goto(f"/search?q={WORDS.replace(' ', '+')}&by=session&mode=text")
    await expect(page.locator("article", has=page.locator(RICH_HIT))).to_contain_text(transcripts.TITLE)


async def test_that_no_message_has_the_words_is_told(page: Page) -> None:
    answer = {"mode": "hybrid", "notes": [], "by_meaning_alone": True, "hits": [HIT], "next": None}
    await page.route("**/v1/search?*", lambda route: route.fulfill(json=answer))
    await page.goto("/search?q=xyzzyqq")
    told = re.compile("No message has these words|Keine Nachricht hat diese Wörter")
    await expect(page.get_by_role("status").filter(has_text=told)).to_be_visible()


async def test_the_examples_find_something(page: Page) -> None:
    await page.goto("/search")
    await page.get_by_role("button", name="backup -docker").click()
    await expect(page.locator("a[data-hit]").first).to_be_visible()


async def test_what_could_not_be_searched_is_told(page: Page) -> None:
    note = "Meaning could not be searched: the model is away."
    answer = {"mode": "text", "notes": [note], "by_meaning_alone": False, "hits": [], "next": None}
    await page.route("**/v1/search?*", lambda route: route.fulfill(json=answer))
    await page.goto("/search?q=barometers")
    await expect(page.get_by_role("status").filter(has_text=note)).to_be_visible()
