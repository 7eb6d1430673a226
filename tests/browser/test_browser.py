"""A real browser before the real page, with the services that think behind it."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from groundcrew.contracts.completions import ModelState
from groundcrew_embedded import demo

pytestmark = pytest.mark.browser
FAILED = "slurmd.service: Start request repeated too quickly."

CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const box = node.getBoundingClientRect();
    if (box.width < 3 || style.clipPath !== "none" || node.closest("svg") || node.closest(":disabled")) continue;
    const [a, b] = [light(parse(style.color)), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${walker.currentNode.textContent.trim().slice(0, 40)}`);
  }
  return bad;
}"""

NAMELESS = """() => [...document
  .querySelectorAll("a, button, input:not([type=hidden]), select, summary, svg[role=img]")]
  .filter((one) => one.checkVisibility())
  .filter((one) => !((one.getAttribute("aria-label") || one.textContent.trim() || one.title
    || (one.labels && one.labels.length && one.labels[0].textContent.trim()))))
  .map((one) => one.outerHTML.slice(0, 120))"""


async def test_an_incident_arrives_live_and_its_restart_is_approved(plant, visit):
    opened = await visit()
    page = opened.page
    assert "token" not in page.url
    await expect(page.locator("#open")).to_contain_text("appears here within seconds")

    await plant.log("gpu-02", FAILED)
    row = page.locator("#open .row", has_text="gpu-02")
    await expect(row).to_be_visible(timeout=5_000)
    await expect(page).to_have_title(re.compile(r"^\(1\)"))

    await row.get_by_role("link").first.click()
    await expect(page.locator("#evidence")).to_contain_text(FAILED)
    card = page.locator("article.action", has_text="service.restart")
    await expect(card.locator(".argv")).to_contain_text("systemctl restart -- slurmd.service", timeout=10_000)
    await card.get_by_label("Comment").fill("node is drained")
    await card.get_by_role("button", name="Approve").click()
    await expect(page.locator(".said")).to_contain_text("Approved")
    done = page.locator("details.action", has_text="service.restart")
    await expect(done).to_contain_text("succeeded", timeout=10_000)
    await expect(done).to_contain_text("by local-admin")
    assert "restart -- slurmd.service" in plant.calls.read_text().splitlines()

    await page.goto(f"{plant.url}/audit")
    await expect(page.get_by_role("status").filter(has_text="chain")).to_contain_text("The hash chain holds")
    assert opened.troubles == []


async def test_hostile_text_from_a_machine_stays_text(plant, visit):
    opened = await visit()
    page = opened.page
    await page.evaluate("() => { window.owned = false; }")
    hostile = "<script>owned=true</script><img/src=x/onerror=owned=true>.service"
    await plant.log("gpu-02", f"{hostile}: Start request repeated too quickly.")
    await expect(page.locator("#open .row").first).to_be_visible(timeout=5_000)
    await page.locator("#open .row a").first.click()
    await expect(page.locator("#evidence")).to_contain_text("<script>owned=true</script>")
    assert await page.evaluate("() => window.owned") in (False, None)
    assert await page.locator("#evidence img").count() == 0
    assert opened.troubles == []


async def test_a_link_signs_in_once(plant, chromium):
    link = await plant.link()
    for works in (True, False):
        context = await chromium.new_context()
        page = await context.new_page()
        await page.goto(link)
        if works:
            await page.wait_for_selector("#live.on")
        else:
            await expect(page.locator("#door")).to_contain_text("used before")
        await context.close()


async def test_reading_and_approving_need_no_javascript(plant, chromium):
    await plant.log("gpu-02", FAILED)
    context = await chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(f"{plant.url}/approvals")
    await page.get_by_label("API key").fill(plant.key)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(f"{plant.url}/approvals")
    button = page.locator("article.action", has_text="service.restart").get_by_role("button", name="Approve")
    for _ in range(50):
        if await button.count():
            break
        await asyncio.sleep(0.1)
        await page.reload()
    await button.click()
    await expect(page.locator(".said")).to_contain_text("Approved")
    await context.close()


async def test_the_inventory_and_a_hosts_place_are_read_without_javascript(plant, chromium):
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{plant.url}/hosts")
    await page.get_by_label("API key").fill(plant.key)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Inventory").click()
    await expect(page.get_by_role("heading", name="Hosts by rack")).to_be_visible()
    await page.get_by_role("link", name="gpu-04", exact=True).first.click()
    await expect(page.locator("#place")).to_contain_text("Rack")
    await context.close()


async def test_keys_move_search_and_open(plant, visit):
    opened = await visit()
    page = opened.page
    await plant.log("gpu-02", FAILED)
    await expect(page.locator("#open .row").first).to_be_visible(timeout=10_000)
    await page.keyboard.press("j")
    await expect(page.locator("#open .row").first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/incidents/[0-9a-f]{32}"))
    for key, path in (
        ("a", "/approvals"),
        ("c", "/chat"),
        ("h", "/hosts"),
        ("i", "/incidents"),
        ("l", "/audit"),
        ("o", "/"),
    ):
        await page.keyboard.press("g")
        await page.keyboard.press(key)
        await expect(page).to_have_url(f"{plant.url}{path}")
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.type("slurmd")
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_contain_text(FAILED)
    assert opened.troubles == []


async def test_the_row_that_keys_moved_to_stays_through_a_refresh(plant, visit):
    opened = await visit()
    page = opened.page
    await plant.log("gpu-02", FAILED)
    await expect(page.locator("#nav .badge")).to_be_visible(timeout=10_000)
    row = page.locator("#open .row", has_text="slurmd.service")
    await page.keyboard.press("j")
    await expect(row).to_be_focused()
    waiting = await page.locator("#nav .badge").inner_text()
    await plant.log("gpu-03", "munge.service: Start request repeated too quickly.")
    await expect(page.locator("#open .row")).to_have_count(2, timeout=10_000)
    await expect(page.locator("#nav .badge")).not_to_have_text(waiting, timeout=10_000)
    await expect(row).to_be_focused()


async def test_a_half_written_comment_outlives_a_refresh(plant, visit):
    opened = await visit()
    page = opened.page
    await plant.log("gpu-02", FAILED)
    await page.goto(f"{plant.url}/approvals")
    card = page.locator("article.action", has_text="service.restart")
    await card.get_by_label("Comment").fill("half a sent", timeout=10_000)
    await plant.log("gpu-03", "munge.service: Start request repeated too quickly.")
    await expect(page.locator("#nav .badge")).not_to_have_text("1", timeout=10_000)
    await expect(card.get_by_label("Comment")).to_have_value("half a sent")


async def test_the_page_says_when_it_is_no_longer_live(plant, visit):
    opened = await visit()
    await opened.page.context.set_offline(True)
    await expect(opened.page.locator("#live")).to_contain_text("offline", timeout=10_000)
    await opened.page.context.set_offline(False)
    await expect(opened.page.locator("#live")).to_contain_text("live", timeout=10_000)


PICTURES = {
    "overview": ("/", {}),
    "overview-dark": ("/", {"color_scheme": "dark"}),
    "incident": ("incident", {}),
    "incident-dark": ("incident", {"color_scheme": "dark"}),
    "incident-of-a-fan": ("incident FAN4", {}),
    "incident-of-a-fan-phone": ("incident FAN4", {"viewport": {"width": 390, "height": 844}}),
    "host": ("/hosts/gpu-04", {}),
    "host-phone-dark": ("/hosts/gpu-04?range=7d", {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}),
    "inventory": ("/inventory", {}),
    "inventory-phone": ("/inventory", {"viewport": {"width": 390, "height": 844}}),
    "chat": ("chat", {}),
    "chat-dark": ("chat", {"color_scheme": "dark"}),
    "chat-phone": ("chat", {"viewport": {"width": 390, "height": 844}}),
    "approvals-phone": ("/approvals", {"viewport": {"width": 390, "height": 844}}),
    "overview-phone-dark": ("/", {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}),
}


async def test_every_page_reads_well_in_light_and_dark_on_desk_and_phone(plant, visit, request, tmp_path):
    plant.model.state = ModelState.READY
    plant.model.words = ["FAN4 fell below its threshold and then stood still [E1]. ", "Nothing else of gpu-04 is hot."]
    await demo.feed(plant.bus, plant.clock)
    await plant.log("gpu-02", FAILED)
    folder = request.config.getoption("--screenshots", default=None) or tmp_path
    troubles: list[str] = []
    for name, (path, options) in PICTURES.items():
        opened = await visit(**options)
        page = opened.page
        await expect(page.locator("#open .row").nth(1)).to_be_visible(timeout=20_000)
        if path.startswith("incident"):
            wanted = page.locator("#open .row a.what", has_text=path.removeprefix("incident").strip())
            await wanted.first.click()
            await page.wait_for_load_state()
        elif path == "chat":
            await page.goto(f"{plant.url}/chat")
            await page.get_by_label("Your question").fill("what is wrong with gpu-04?")
            await page.get_by_role("button", name="Ask").click()
            await expect(page.locator("#newest")).to_contain_text("FAN4", timeout=10_000)
        elif path != "/":
            await page.goto(f"{plant.url}{path}")
        await page.wait_for_selector("#live.on")
        await page.screenshot(path=f"{folder}/{name}.png", full_page=name.startswith("incident"))
        troubles += [f"{name}: {one}" for one in opened.troubles]
        troubles += [f"{name}: contrast {one}" for one in await page.evaluate(CONTRAST)]
        troubles += [f"{name}: no name {one}" for one in await page.evaluate(NAMELESS)]
        wide = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        troubles += [f"{name}: {wide} px wider than the window"] if wide > 0 else []
    assert troubles == []
