"""The Reports page before a real browser: read in light and dark, on a phone, with keys and without any script."""

import re

import pytest
from playwright.async_api import Page, expect

from groundcrew_embedded import demo

from .test_browser import CONTRAST, NAMELESS

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


async def ask(page: Page, url: str, panel: str) -> None:
    """Fill in the form of a panel and wait for the report."""
    await page.goto(f"{url}/reports/{panel}")
    if panel == "root-cause":
        await page.get_by_label("Device").fill("gpu-04")
        await page.get_by_label("or describe what was seen").fill("a fan stopped and it got hot")
        await page.get_by_role("button", name="Analyse").click()
    else:
        await page.get_by_role("button", name="Generate").click()
    await expect(page.locator("#report")).to_be_visible(timeout=20_000)


async def settled(plant, page: Page) -> None:
    await demo.feed(plant.bus, plant.clock)
    await expect(page.locator("#open .row").first).to_be_visible(timeout=20_000)


async def test_reports_read_well_in_light_and_dark_on_desk_and_phone(plant, visit, request, tmp_path):
    folder = request.config.getoption("--screenshots", default=None) or tmp_path
    troubles: list[str] = []
    fed = False
    for look, options in (
        ("", {}),
        ("-dark", {"color_scheme": "dark"}),
        ("-phone", {"viewport": PHONE}),
    ):
        opened = await visit(**options)
        page = opened.page
        if not fed:
            await settled(plant, page)
            fed = True
        for panel in ("summary", "tasks", "root-cause"):
            await ask(page, plant.url, panel)
            await page.evaluate("() => scrollTo(0, 0)")
            name = f"report-{panel}{look}"
            await page.screenshot(path=f"{folder}/{name}.png")
            troubles += [f"{name}: contrast {one}" for one in await page.evaluate(CONTRAST)]
            troubles += [f"{name}: no name {one}" for one in await page.evaluate(NAMELESS)]
            wide = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            troubles += [f"{name}: {wide} px wider than the window"] if wide > 0 else []
        troubles += [f"{look}: {one}" for one in opened.troubles]
    assert troubles == []


async def test_a_report_is_asked_for_exported_and_a_task_found_without_javascript(plant, visit, chromium):
    opened = await visit()
    await settled(plant, opened.page)
    context = await chromium.new_context(java_script_enabled=False, accept_downloads=True)
    page = await context.new_page()
    await page.goto(f"{plant.url}/reports")
    await page.get_by_label("API key").fill(plant.key)
    await page.get_by_role("button", name="Sign in").click()
    await ask(page, plant.url, "tasks")
    await expect(page.locator("article.task").first).to_contain_text("FAN4")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="printable HTML").click()
    download = await coming.value
    assert re.fullmatch(r"groundcrew-tasks-\d{8}-\d{4}\.html", download.suggested_filename)
    text = (await download.path()).read_text(encoding="utf-8")
    assert "FAN4" in text
    assert "<script" not in text
    await page.get_by_role("link", name="All repair tasks").click()
    await expect(page.locator("article.task").first).to_contain_text("FAN4")
    await context.close()


async def test_keys_lead_to_the_reports_and_along_their_rows(plant, visit):
    opened = await visit()
    page = opened.page
    await settled(plant, page)
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await expect(page).to_have_url(f"{plant.url}/reports")
    await ask(page, plant.url, "summary")
    await page.keyboard.press("j")
    await expect(page.locator("#report [data-row]").first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/(incidents|hosts)/"))
    assert opened.troubles == []
