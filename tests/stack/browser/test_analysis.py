"""What many sessions come to: every figure leads to the sessions behind it."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.stack.browser import transcripts
from tests.stack.browser.conftest import PROBLEM, WIDE, Look

TABLE = re.compile("Show as a table|Als Tabelle zeigen")
ACTIVITY = re.compile("(table|Tabelle zeigen): (Activity|Aktivität)")
TRANSITIONS = re.compile("(table|Tabelle zeigen): (How tools|Wie Werkzeuge)")
EXAMPLE = "a[href^='/session?']"


def card(page: Page, title: str) -> Locator:
    return page.get_by_role("region").filter(has=page.get_by_role("heading", name=re.compile(title)))


async def listed(page: Page) -> int:
    """How many sessions the list behind a figure has."""
    await page.wait_for_url(re.compile("/sessions"))
    await expect(page.locator("main li a").first).to_be_visible()
    asked: dict[str, str | float | bool] = {
        name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()
    }
    count, after = 0, None
    while True:
        answer = await page.request.get("/v1/sessions", params=asked | ({"after": after} if after else {}))
        found = await answer.json()
        count, after = count + len(found["sessions"]), found["next"]
        if after is None:
            break
    # A page of the list has 50.
    await expect(page.locator("main li a[href*='/session?']")).to_have_count(min(count, 50))
    return count


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


async def test_the_overview_leads_to_its_sessions(page: Page) -> None:
    await page.goto("/?since=all")
    figure = page.locator("main").get_by_role("link", name=re.compile("^(Sessions|Sitzungen)"))
    await expect(figure).to_be_visible()
    counted = number(await figure.inner_text())
    await figure.click()
    assert await listed(page) == counted


async def test_errors_lead_to_the_sessions_that_have_some(page: Page) -> None:
    await page.goto("/?since=all")
    await page.locator("main").get_by_role("link", name=re.compile("^(Errors|Fehler)")).click()
    await expect(page).to_have_url(re.compile("failed=any"))
    assert await listed(page) > 0
    rows = page.locator("main li a[href*='/session?']")
    await expect(rows.filter(has_text=re.compile("errors?|Fehler"))).to_have_count(await rows.count())


async def test_the_failures_of_a_tool_lead_to_its_sessions(page: Page) -> None:
    await page.goto("/?since=all")
    link = page.get_by_role("table", name=re.compile("^(Tools|Werkzeuge)")).get_by_role(
        "link", name=re.compile("(Failed|Fehlgeschlagen|Fehler)")
    )
    await link.first.click()
    await expect(page).to_have_url(re.compile("tool=.*failed=tool"))
    assert await listed(page) > 0


async def test_a_period_of_the_chart_leads_to_its_sessions_by_keyboard(page: Page) -> None:
    await page.goto("/?since=all")
    await page.get_by_role("button", name=ACTIVITY).focus()
    await page.keyboard.press("Enter")
    row = page.get_by_role("table", name=re.compile("Activity|Aktivität")).get_by_role("row").nth(1)
    counted = number(await row.get_by_role("cell").nth(1).inner_text())
    await row.get_by_role("link").focus()
    await page.keyboard.press("Enter")
    assert await listed(page) == counted


async def test_a_tool_leads_to_the_sessions_that_called_it(page: Page) -> None:
    await page.goto("/?since=all")
    tools = page.get_by_role("table", name=re.compile("Tools|Werkzeuge"))
    row = tools.get_by_role("row").nth(1)
    # A phone has no room for this column.
    counted = number(await row.locator("td").nth(2).inner_text())
    await row.get_by_role("link").first.click()
    await expect(page).to_have_url(re.compile("tool="))
    assert await listed(page) == counted


async def test_a_filter_narrows_every_figure_and_stands_in_the_address(page: Page) -> None:
    await page.goto("/?since=all")
    messages = page.locator("main div").filter(has_text=re.compile(r"^(Messages|Nachrichten)\d")).last
    everything = number((await messages.inner_text()).split("\n")[1])
    await page.get_by_role("combobox", name=re.compile("Channel|Kanal")).select_option("telegram")
    await expect(page).to_have_url(re.compile("channel=telegram"))
    await expect(messages).not_to_contain_text(str(everything))
    await page.reload()
    narrowed = number((await messages.inner_text()).split("\n")[1])
    assert 0 < narrowed < everything


async def test_a_person_and_a_tool_are_chosen_together_and_the_focus_stays_with_the_filters(page: Page) -> None:
    await page.goto("/sessions")
    for name, parameter in (("Tool|Werkzeug", "tool"), ("Sender|Absender", "sender")):
        menu = page.get_by_role("combobox", name=re.compile(f"^({name})$"))
        await expect(menu).to_be_enabled()
        await menu.focus()
        await menu.select_option(index=1)
        await expect(page).to_have_url(re.compile(f"{parameter}="))
        await expect(page.get_by_role("button", name=re.compile(f": ({name})|({name}):"))).to_be_focused()
    await expect(page.locator("main").get_by_role("status")).to_have_text(re.compile("sessions?|Sitzung(en)?"))
    await page.keyboard.press("Enter")
    await expect(page).not_to_have_url(re.compile("sender="))
    await expect(page.get_by_role("group", name=re.compile("^Filters?$"))).to_be_focused()


async def test_no_old_figure_stands_under_a_new_filter(page: Page, faults: list[str]) -> None:
    answered = asyncio.Event()

    async def fail(route: Route) -> None:
        await answered.wait()
        await route.fulfill(status=503, json=PROBLEM)

    await page.goto("/?since=all")
    figure = page.get_by_role("link", name=re.compile(r"^(Sessions|Sitzungen) ?\d"))
    await expect(figure).to_be_visible()
    await page.route("**/v1/activity?*channel=telegram*", fail)
    await page.get_by_role("combobox", name=re.compile("Channel|Kanal")).select_option("telegram")
    await expect(page.locator("[aria-busy=true]").filter(has=figure)).to_be_visible()
    answered.set()
    await expect(page.locator("main").get_by_role("alert")).to_contain_text("PostgreSQL does not answer")
    await expect(figure).to_have_count(0)
    assert all("503" in fault for fault in faults)
    faults.clear()


async def test_a_range_without_sessions_says_what_to_do(page: Page) -> None:
    await page.goto("/?since=1999-01-01&until=1999-01-02")
    await expect(page.locator("main")).to_contain_text("sessiontrack capture")


async def test_transitions_lead_to_sessions_that_have_them(page: Page) -> None:
    await page.goto("/patterns?since=all")
    await page.get_by_role("button", name=TRANSITIONS).click()
    row = page.get_by_role("table").first.get_by_role("row").nth(1)
    await row.locator(EXAMPLE).first.click()
    await expect(page).to_have_url(re.compile(r"/session\?id="))
    await expect(page.locator("[data-entry]").first).to_be_visible()


@pytest.mark.parametrize(
    "title", ["(Messages in|Nachrichten einer)", "(Length of|Dauer einer)", "(Pauses of|Pausen der) "]
)
async def test_every_distribution_is_a_table_as_well(page: Page, title: str) -> None:
    await page.goto("/patterns?since=all")
    region = card(page, title).first
    await region.get_by_role("button", name=TABLE).click()
    counts = [number(text) for text in await region.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert sum(counts) > 0
    await expect(region.locator(EXAMPLE).first).to_be_visible()


async def test_topics_lead_to_a_search(page: Page) -> None:
    await page.goto("/patterns?since=all")
    term = page.locator("a[href^='/search?q=']").first
    word = await term.inner_text()
    await term.click()
    await expect(page.locator("[data-search-field]")).to_have_value(word)


async def test_a_day_leads_to_a_session_and_a_step_to_its_line(page: Page) -> None:
    await page.goto("/timeline")
    await page.get_by_role("button", name=TABLE).click()
    await page.get_by_role("table").get_by_role("row").nth(1).get_by_role("link").first.click()
    await expect(page).to_have_url(re.compile(r"/timeline\?session="))
    await page.goto(f"/timeline?session={transcripts.RICH}")
    turn = page.locator("summary").filter(has_text=re.compile("Model calls|Modellaufrufe")).first
    await turn.focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="sim-large").first.click()
    await expect(page).to_have_url(re.compile(rf"/session\?id={transcripts.RICH}&entry="))


async def test_the_last_day_is_asked_for_again_where_it_was_not_answered(page: Page, faults: list[str]) -> None:
    await page.route("**/v1/stats*", lambda route: route.fulfill(status=503, json=PROBLEM))
    await page.goto("/timeline")
    told = page.locator("main").get_by_role("alert")
    await expect(told).to_be_visible()
    assert all("503" in fault for fault in faults)
    faults.clear()
    await page.unroute("**/v1/stats*")
    await told.get_by_role("button").click()
    await expect(page.get_by_role("button", name=TABLE)).to_be_visible()


async def test_days_are_walked_through(page: Page, look: Look) -> None:
    await page.goto("/timeline?day=2026-03-02")
    await page.get_by_role("link", name=re.compile("day before|Tag davor")).click()
    await expect(page).to_have_url(re.compile("day=2026-03-01"))
    await page.go_back()
    await expect(page.get_by_label(re.compile("^(Day|Tag)$"))).to_have_value("2026-03-02")


async def test_a_table_is_sorted_by_keyboard_and_stays_so(page: Page) -> None:
    await page.goto("/?since=all")
    models = page.get_by_role("table", name=re.compile("Models|Modelle"))
    head = models.get_by_role("columnheader", name="Tokens")
    await head.get_by_role("button").focus()
    await page.keyboard.press("Enter")
    await expect(head).to_have_attribute("aria-sort", "descending")
    most = await models.locator("tbody a").first.get_attribute("title")
    await page.keyboard.press("Enter")
    await expect(head).to_have_attribute("aria-sort", "ascending")
    await expect(models.locator("tbody a").first).not_to_have_attribute("title", most or "")
    await page.reload()
    await expect(head).to_have_attribute("aria-sort", "ascending")


async def test_a_period_is_chosen_below_its_button(page: Page) -> None:
    await page.goto("/?since=all")
    button = page.get_by_role("button", name=re.compile("Own period|Eigener Zeitraum"))
    await button.click()
    form = page.get_by_role("dialog", name=re.compile("Own period|Eigener Zeitraum"))
    await expect(form).to_be_visible()
    above, below = await button.bounding_box(), await form.bounding_box()
    assert above is not None
    assert below is not None
    assert 0 <= below["y"] - (above["y"] + above["height"]) < 24
    assert below["x"] + below["width"] <= (page.viewport_size or {"width": 0})["width"]


@pytest.mark.parametrize("path", ["/?since=all", "/patterns?since=all", "/timeline", "/operations"])
async def test_nothing_moves_while_a_page_is_drawn(page: Page, look: Look, path: str) -> None:
    await page.goto(path)
    await expect(page.get_by_role("region").first).to_be_visible()
    await page.wait_for_load_state("networkidle" if path != "/operations" else "load")
    await expect(page.locator("main").get_by_role("status").filter(has_text="…")).to_have_count(0)
    shift = await page.evaluate(
        "new Promise(done => new PerformanceObserver(list => done("
        "list.getEntries().reduce((sum, each) => sum + each.value, 0)"
        ")).observe({type: 'layout-shift', buffered: true}) || setTimeout(done, 500, 0))"
    )
    # What Google calls good; a phone shows what stands below tables that are as long as their rows.
    assert shift == 0 if look is WIDE else shift < 0.1
