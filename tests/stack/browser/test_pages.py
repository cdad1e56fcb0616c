"""Every page: nothing stands in the way of those who can't see or have no mouse, and little is loaded."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.stack.browser import transcripts
from tests.stack.browser.conftest import PROBLEM, Dashboard, Look

AXE = (Path(__file__).parents[3] / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
PAGES = [
    "/?since=all",
    "/search",
    "/search?q=barometers",
    "/sessions",
    f"/session?id={transcripts.RICH}",
    "/patterns?since=all",
    "/timeline",
    f"/timeline?session={transcripts.RICH}",
    "/operations",
    "/nowhere",
]
# Compressed; of the scripts that a page names: with them it works. Charts come after that.
MOST_SCRIPT_BYTES = 250 * 1024
SCRIPT = re.compile(r'<script src="([^"]+)"(?![^>]*nomodule)', re.IGNORECASE)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_for_everybody(page: Page, look: Look, faults: list[str], path: str) -> None:
    await page.goto(path, wait_until="networkidle" if path != f"/session?id={transcripts.RICH}" else "load")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator("main").get_by_role("status").filter(has_text="…")).to_have_count(0)
    await expect(page.locator("html")).to_have_attribute("lang", look.locale[:2])
    # So high that the navigation of a phone covers nothing.
    await page.set_viewport_size({"width": look.width, "height": 4_000})
    await page.evaluate(AXE)
    found = await page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    broken = [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found["violations"]
    ]
    assert broken == []
    if path == "/nowhere":
        assert all("404" in fault for fault in faults)
        faults.clear()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window"


@pytest.mark.parametrize("path", sorted({path.split("?")[0] for path in PAGES}))
def test_little_is_loaded_before_a_page_works(dashboard: Dashboard, path: str) -> None:
    with httpx.Client(base_url=dashboard.address, headers={"Accept-Encoding": "gzip"}) as client:
        scripts = SCRIPT.findall(client.get(path, headers={"Accept": "text/html"}).text)
        sizes = [int(client.head(script).headers["content-length"]) for script in scripts]
    assert scripts
    assert sum(sizes) < MOST_SCRIPT_BYTES


async def test_language_and_theme_are_chosen_and_kept(page: Page, look: Look) -> None:
    await page.goto("/search")
    german = look.locale.startswith("de")
    await page.get_by_role("button", name="Anzeige" if german else "Display").click()
    await page.get_by_text("English" if german else "Deutsch", exact=True).click()
    chosen = "en" if german else "de"
    await expect(page.locator("html")).to_have_attribute("lang", chosen)
    await page.get_by_text("Light" if german else "Dunkel", exact=True).click()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", chosen)
    await expect(page.locator("html")).to_have_attribute("data-theme", "light" if german else "dark")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Search" if german else "Suche")


async def test_the_key_that_leads_to_the_search_is_turned_off_and_stays_so(page: Page, look: Look) -> None:
    await page.goto("/patterns")
    await page.get_by_role("button", name=re.compile("Display|Anzeige")).click()
    await page.get_by_text(re.compile("^(None|Keine)$")).click()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", look.locale[:2])
    await page.keyboard.press("/")
    await page.get_by_role("button", name=re.compile("Display|Anzeige")).click()
    await expect(page).to_have_url(re.compile("/patterns$"))
    await page.get_by_text("/", exact=True).click()
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await expect(page).to_have_url(re.compile("/search$"))


async def test_who_signs_in_sees_the_sessions_at_once(page: Page, faults: list[str]) -> None:
    async def ask_who_it_is(route: Route) -> None:
        if "authorization" in route.request.headers:
            await route.continue_()
        else:
            await route.fulfill(status=401, json=PROBLEM | {"status": 401})

    await page.route("**/v1/**", ask_who_it_is)
    await page.goto("/sessions")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    # Two: a browser lets no page keep the second one away from its dialog.
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    field = dialog.get_by_label(re.compile("Token|Schlüssel"))
    await field.fill("a token")
    await field.press("Enter")
    await expect(page.locator(f'a[href*="{transcripts.RICH}"]')).to_be_visible()
    await expect(dialog).to_have_count(0)
    assert all("401" in fault for fault in faults)
    faults.clear()


async def test_where_the_api_is_away_a_page_says_what_to_do(page: Page, faults: list[str]) -> None:
    await page.route("**/v1/sessions?*", lambda route: route.fulfill(status=503, json=PROBLEM))
    await page.goto("/sessions")
    told = page.locator("main").get_by_role("alert")
    await expect(told).to_contain_text("PostgreSQL does not answer")
    await expect(told).to_contain_text("sessiontrack up")
    assert all("503" in fault for fault in faults)
    faults.clear()
    await page.unroute("**/v1/sessions?*")
    await told.get_by_role("button").click()
    await expect(page.locator(f'a[href*="{transcripts.RICH}"]')).to_be_visible()
