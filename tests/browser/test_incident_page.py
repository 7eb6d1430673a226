"""The incident page before a real browser: its timeline closer and wider, its owner, the way to its root cause."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Page, expect

from groundcrew_embedded import demo

from .test_browser import CONTRAST, NAMELESS

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


async def fan_of_gpu_04(plant, page: Page, *, feed: bool = True) -> None:
    if feed:
        await demo.feed(plant.bus, plant.clock)
    await expect(page.locator("#open .row").nth(1)).to_be_visible(timeout=20_000)
    await page.locator("#open .row a.what", has_text="FAN4").first.click()
    await expect(page.locator("#lanes.ready")).to_be_visible()


def part(page: Page) -> tuple[str, str]:
    query = parse_qs(urlsplit(page.url).query)
    return query.get("since", [""])[0], query.get("until", [""])[0]


async def marks(page: Page) -> int:
    return await page.locator(".lanes a").count()


async def test_the_timeline_comes_closer_by_keys_buttons_wheel_and_drag(plant, visit):
    opened = await visit()
    page = opened.page
    await fan_of_gpu_04(plant, page)
    says, whole = page.locator("#zoom-says"), await page.locator("#zoom-says").inner_text()
    assert "all of it" in whole

    await page.keyboard.press("+")
    await expect(says).to_contain_text("a part of")
    closer = part(page)
    assert all(closer)
    await expect(page.locator("#told")).to_contain_text("Timeline: ")

    button = page.locator("#zoom-later")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(says).not_to_contain_text(closer[0][11:19])
    await expect(page.locator("#zoom-later")).to_be_focused()  # the region was drawn anew
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(says).to_contain_text(closer[0][11:19])
    await page.keyboard.press("0")
    await expect(says).to_have_text(re.compile("all of it"))
    assert part(page) == ("", "")

    lane = page.locator(".lanes .axis")
    await lane.scroll_into_view_if_needed()
    box = await lane.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] - 20)
    await page.keyboard.down("Control")
    await page.mouse.wheel(0, -300)
    await page.keyboard.up("Control")
    await expect(says).to_contain_text("a part of")
    await page.get_by_role("link", name="All", exact=True).click()
    await expect(says).to_have_text(re.compile("all of it"))

    await page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] - 10)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] - 10, steps=4)
    await expect(page.locator(".stretch")).to_be_visible()
    await page.mouse.up()
    await expect(says).to_contain_text("a part of")
    await expect(page.locator(".stretch")).to_have_count(0)
    shown = await page.locator("#lanes").evaluate(
        "(one) => (Date.parse(one.dataset.until) - Date.parse(one.dataset.since))"
        " / (Date.parse(one.dataset.wholeUntil) - Date.parse(one.dataset.wholeSince))"
    )
    assert 0.2 < shown < 0.3
    await page.reload()
    await expect(says).to_contain_text("a part of")
    assert opened.troubles == []


async def test_an_ordinary_turn_of_the_wheel_scrolls_the_page(plant, visit):
    opened = await visit()
    page = opened.page
    await fan_of_gpu_04(plant, page)
    box = await page.locator(".lanes").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, min(box["y"] + 20, 840))
    before = await page.evaluate("() => scrollY")
    await page.mouse.wheel(0, 200)
    await page.wait_for_function("(before) => scrollY > before", arg=before)
    await expect(page.locator("#zoom-says")).to_contain_text("all of it")


async def test_the_timeline_comes_closer_without_javascript(plant, visit, chromium):
    opened = await visit()
    await fan_of_gpu_04(plant, opened.page)
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(opened.page.url)
    await page.get_by_label("API key").fill(plant.key)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Closer").click()
    await expect(page.locator("#zoom-says")).to_contain_text("a part of")
    await page.get_by_role("link", name="All", exact=True).click()
    await expect(page.locator("#zoom-says")).to_contain_text("all of it")
    await context.close()


async def test_somebody_takes_an_incident_hands_it_on_and_asks_why(plant, visit):
    opened = await visit()
    page = opened.page
    await fan_of_gpu_04(plant, page)
    await page.get_by_role("button", name="Take it").click()
    await expect(page.locator("#head .facts").first).to_contain_text("owner local-admin")
    await expect(page.get_by_role("button", name="Take it")).to_have_count(0)
    await page.get_by_role("textbox", name="Owner").fill("ada of the night shift")
    await page.keyboard.press("Enter")
    await expect(page.locator("#head .facts").first).to_contain_text("owner ada of the night shift")
    await expect(page.locator("#history")).to_contain_text("Owner: ada of the night shift")
    await page.get_by_role("link", name="Root-cause report").click()
    await expect(page.get_by_label("Device")).to_have_value("gpu-04")
    await page.get_by_role("button", name="Analyse").click()
    await expect(page.locator("#report")).to_contain_text("FAN4", timeout=20_000)
    assert opened.troubles == []


async def test_a_part_of_the_timeline_reads_well_in_light_and_dark_on_desk_and_phone(plant, visit, request, tmp_path):
    folder = request.config.getoption("--screenshots", default=None) or tmp_path
    troubles: list[str] = []
    for number, (name, options) in enumerate(
        {
            "incident-closer": {},
            "incident-closer-dark": {"color_scheme": "dark"},
            "incident-closer-phone": {"viewport": PHONE},
        }.items()
    ):
        opened = await visit(**options)
        page = opened.page
        await fan_of_gpu_04(plant, page, feed=number == 0)
        await page.locator("#zoom-closer").click()
        await expect(page.locator("#zoom-says")).to_contain_text("a part of")
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)
        troubles += [f"{name}: {one}" for one in opened.troubles]
        troubles += [f"{name}: contrast {one}" for one in await page.evaluate(CONTRAST)]
        troubles += [f"{name}: no name {one}" for one in await page.evaluate(NAMELESS)]
        wide = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        troubles += [f"{name}: {wide} px wider than the window"] if wide > 0 else []
    assert troubles == []
