"""A session as it was, and as it goes on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.stack.browser import transcripts
from tests.stack.browser.conftest import Dashboard
from tests.stack.pipeline import Pipeline
from tests.stack.serving import serving
from tests.stack.waiting import reaped

TOKEN = "a token that nobody guesses"
RICH_PAGE = f"/session?id={transcripts.RICH}"


async def test_the_conversation_is_as_it_was(page: Page) -> None:
    await page.goto(RICH_PAGE)
    answer = page.locator('[data-entry="e7"]')
    await expect(answer.locator("strong")).to_have_text("third barometer")
    await expect(answer.locator("pre .hljs-keyword").first).to_have_text("def")
    await expect(answer.get_by_text("solved")).to_be_visible()
    called = page.locator('[data-entry="e4"]')
    await expect(called.get_by_text(transcripts.THINKING)).to_have_count(0)
    await called.get_by_role("button", name=re.compile("Thinking|Gedanken")).click()
    await expect(called.get_by_text(transcripts.THINKING)).to_be_visible()
    await called.get_by_role("button", name=re.compile("exec")).click()
    await expect(called.get_by_text(transcripts.OUTPUT)).to_be_visible()
    await expect(called.locator("dd pre").first).to_have_text(transcripts.COMMAND)
    picture = page.locator('[data-entry="e3"] img')
    await expect(picture).to_have_js_property("naturalWidth", 2)
    await page.get_by_role("button", name=re.compile("Summary|Zusammenfassung")).click()
    await expect(page.locator("article").get_by_text(transcripts.SUMMARY)).to_be_visible()


async def test_a_branch_that_was_left_is_unfolded(page: Page) -> None:
    await page.goto(RICH_PAGE)
    await page.get_by_role("button", name=re.compile("branch that was left|verlassener Zweig")).first.click()
    await expect(page.locator('[data-entry="e6"]')).to_contain_text(transcripts.LEFT)


async def test_an_address_that_names_an_entry_of_a_branch_opens_it_there(page: Page) -> None:
    await page.goto(f"{RICH_PAGE}&entry=e6")
    await expect(page.locator('[data-entry="e6"]')).to_contain_text(transcripts.LEFT)


async def test_an_address_unfolds_what_hides_the_text_that_it_names(page: Page) -> None:
    await page.goto(f"{RICH_PAGE}&entry=e5")
    called = page.locator('[data-entry="e4"]')
    await expect(called.get_by_text(transcripts.OUTPUT)).to_be_visible()
    await expect(called.get_by_text(transcripts.THINKING)).to_have_count(0)
    await expect(called).to_be_focused()
    await page.goto(f"{RICH_PAGE}&entry=e4")
    await expect(called.get_by_text(transcripts.THINKING)).to_be_visible()
    await page.goto(f"{RICH_PAGE}&entry=e8")
    await expect(page.locator("article").get_by_text(transcripts.SUMMARY)).to_be_in_viewport()


async def test_an_entry_of_an_earlier_generation_is_led_to_there(page: Page) -> None:
    await page.goto(f"/session?id={transcripts.REWRITTEN}&entry=r1")
    await expect(page.locator('[data-entry="r2"]')).to_be_visible()
    await page.get_by_role("button", name=re.compile("Show the one that has it|Die zeigen, die ihn hat")).click()
    await expect(page.locator('[data-entry="r1"]')).to_contain_text(transcripts.REPLACED)
    panel = page.get_by_role("button", name=re.compile("About this session|Über diese Sitzung"))
    if await panel.is_visible():
        await panel.click()
    await page.get_by_label("Generation").select_option("2")
    await expect(page.locator('[data-entry="r2"]')).to_be_visible()
    await expect(page).to_have_url(re.compile(r"entry=r1$"))


async def test_behind_each_entry_is_its_line_byte_for_byte(page: Page) -> None:
    await page.goto(RICH_PAGE)
    await page.locator('[data-entry="e7"]').get_by_role("button", name=re.compile("Verbatim|Wörtliche")).click()
    line = next(each for each in transcripts.rich() if b'"e7"' in each and b'"message"' in each)
    await expect(page.locator("dialog[open] pre code")).to_have_text(line.decode(), use_inner_text=False)
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog[open]")).to_have_count(0)


async def test_the_export_is_the_file(page: Page, dashboard: Dashboard, tmp_path: Path) -> None:
    await page.goto(RICH_PAGE)
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name=re.compile("^Export")).click()
    download = await downloading.value
    await download.save_as(tmp_path / "exported")
    assert download.suggested_filename == f"{transcripts.RICH}.jsonl"
    assert (tmp_path / "exported").read_bytes() == transcripts.path(dashboard.folder, transcripts.RICH).read_bytes()


async def test_a_long_session_is_walked_from_end_to_end(page: Page) -> None:
    await page.goto(f"/session?id={transcripts.LONG}")
    await expect(page.locator('[data-entry="n1"]')).to_contain_text("Reading number 1 of")
    await page.goto(f"/session?id={transcripts.LONG}&entry=n1800")
    await expect(page.locator('[data-entry="n1800"]')).to_contain_text("Reading number 1800 of")
    await expect(page.locator('[data-entry="n1800"]')).to_be_in_viewport()
    await page.keyboard.press("End")
    await expect(page.locator(f'[data-entry="n{transcripts.LONG_ENTRIES}"]')).to_be_in_viewport()
    assert await page.locator("article").count() < 80


async def test_the_tree_is_walked_with_the_arrow_keys(page: Page) -> None:
    await page.goto(f"/session?id={transcripts.LONG}")
    await expect(page.locator('[data-entry="n1"]')).to_be_visible()
    panel = page.get_by_role("button", name=re.compile("About this session|Über diese Sitzung"))
    if await panel.is_visible():
        await panel.click()
    await page.get_by_role("treeitem").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator('[data-place="2"]')).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-entry="n5"]')).to_be_in_viewport()


async def test_every_line_can_be_shown_the_first_too(page: Page) -> None:
    await page.goto(f"{RICH_PAGE}&all=1")
    await expect(page.locator('[data-entry="line:1"], article[aria-posinset="2"]').first).to_contain_text(
        re.compile("The transcript begins|Die Mitschrift beginnt")
    )


async def test_the_open_tab_stands_in_the_address(page: Page) -> None:
    await page.goto(f"{RICH_PAGE}&tab=facts")
    await expect(page.get_by_text(transcripts.RICH, exact=True)).to_be_visible()
    await page.get_by_text(re.compile("^(Similar|Ähnliche)$")).click()
    await expect(page).to_have_url(re.compile("tab=similar"))


async def test_of_an_unknown_session_it_is_told_that_there_is_none(page: Page, faults: list[str]) -> None:
    await page.goto("/session?id=nobody-wrote-it")
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("There is no such session|Diese Sitzung gibt es nicht")
    )
    await page.goto("/search")
    assert all("404" in fault for fault in faults)
    faults.clear()


async def test_what_is_written_appears_by_itself(page: Page, dashboard: Dashboard, pipeline: Pipeline) -> None:
    file = transcripts.path(dashboard.folder, transcripts.GROWING)
    number = len(file.read_bytes().splitlines())
    await page.goto(f"/session?id={transcripts.GROWING}")
    await expect(page.get_by_text(re.compile("^(Up to date|Aktuell)$"))).to_be_visible()
    await expect(page.locator('[data-entry="g1"]')).to_contain_text(transcripts.grown_text(1))
    with reaped(pipeline.start("capture", "--root", dashboard.folder)):
        with file.open("ab") as transcript:
            transcript.write(transcripts.grown(number))
        await expect(page.locator(f'[data-entry="g{number}"]')).to_contain_text(transcripts.grown_text(number))


async def test_a_call_that_is_looked_at_gets_its_result_with_its_pictures(
    page: Page, dashboard: Dashboard, pipeline: Pipeline
) -> None:
    file = transcripts.path(dashboard.folder, transcripts.CALLING)
    number = len(file.read_bytes().splitlines())
    await page.goto(f"/session?id={transcripts.CALLING}")
    with reaped(pipeline.start("capture", "--root", dashboard.folder)), file.open("ab", buffering=0) as transcript:
        transcript.write(transcripts.called(number))
        call = page.locator(f'[data-entry="c{number}"]')
        await call.get_by_role("button", name="camera").click()
        await expect(call.get_by_text(re.compile("^(There is no result yet|Noch gibt es kein)"))).to_be_visible()
        transcript.write(transcripts.answered(number))
        await expect(call.get_by_text(transcripts.OUTPUT)).to_be_visible()
        await expect(call.locator("img")).to_have_js_property("naturalWidth", 2)


async def test_who_is_at_the_end_stays_there_however_long_what_comes_is(
    page: Page, dashboard: Dashboard, pipeline: Pipeline
) -> None:
    file = transcripts.path(dashboard.folder, transcripts.GROWING)
    number = len(file.read_bytes().splitlines())
    await page.goto(f"/session?id={transcripts.GROWING}")
    await expect(page.get_by_text(re.compile("^(Up to date|Aktuell)$"))).to_be_visible()
    await expect(page.locator('[data-entry="g1"]')).to_contain_text(transcripts.grown_text(1))
    await page.keyboard.press("End")
    with reaped(pipeline.start("capture", "--root", dashboard.folder)):
        for each in range(number, number + 4):
            with file.open("ab") as transcript:
                transcript.write(transcripts.grown(each, lines=60))
            last = page.locator(f'[data-entry="g{each}"]')
            await expect(last).to_contain_text(transcripts.grown_text(each))
            await expect(last).to_be_in_viewport()


async def test_what_nobody_looks_at_holds_no_connection_and_goes_on_where_it_was(
    page: Page, dashboard: Dashboard, pipeline: Pipeline
) -> None:
    file = transcripts.path(dashboard.folder, transcripts.GROWING)
    number = len(file.read_bytes().splitlines())
    await page.goto(f"/session?id={transcripts.GROWING}")
    followed = page.get_by_text(re.compile("^(Up to date|Aktuell)$"))
    await expect(followed).to_be_visible()
    await expect(page.locator('[data-entry="g1"]')).to_contain_text(transcripts.grown_text(1))
    await page.keyboard.press("End")
    async with page.expect_event("requestfailed", lambda request: request.url.endswith("/live")):
        await _turn(page, "hidden")
    await expect(followed).to_have_count(0)
    with reaped(pipeline.start("capture", "--root", dashboard.folder)):
        with file.open("ab") as transcript:
            transcript.write(transcripts.grown(number))
        async with page.expect_request("**/live") as asking:
            await _turn(page, "visible")
        assert (await asking.value).headers["last-event-id"]
        await expect(page.locator(f'[data-entry="g{number}"]')).to_contain_text(transcripts.grown_text(number))
    await expect(followed).to_be_visible()


async def _turn(page: Page, visibility: str) -> None:
    """Makes the page as one of a tab that is put behind another, or is seen again."""
    await page.evaluate(
        """visibility => {
            Object.defineProperty(document, "visibilityState", {value: visibility, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        visibility,
    )


async def test_with_a_token_one_signs_in(
    browser: Browser, pipeline: Pipeline, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSIONTRACK_API__TOKEN", TOKEN)
    with serving(pipeline) as (address, _):
        page = await browser.new_page(locale="en-GB")
        await page.goto(f"{address}{RICH_PAGE}")
        field = page.get_by_label("Token")
        await field.fill("wrong, and long enough")
        await field.press("Enter")
        await expect(page.get_by_text("That token is not right.")).to_be_visible()
        await field.fill(TOKEN)
        await field.press("Enter")
        await expect(page.locator('[data-entry="e3"]')).to_contain_text(transcripts.QUESTION)
        await expect(page.locator('[data-entry="e3"] img')).to_be_visible()
        await expect(page.get_by_text("Up to date", exact=True)).to_be_visible()
        await page.close()
