"""The chat page in a real browser, with meta behind it and a coordinator that says what the test wrote."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from groundcrew.contracts.completions import ModelState

pytestmark = pytest.mark.browser
FAILED = "slurmd.service: Start request repeated too quickly."
HOSTILE = "<img/src=x/onerror=owned=true>.service"


async def incident(plant, page, line=FAILED):
    """An incident on gpu-02, as a person sees it appear."""
    await plant.log("gpu-02", line)
    await expect(page.locator("#open .row", has_text="gpu-02")).to_be_visible(timeout=5_000)


async def ask(page, text):
    await page.get_by_label("Your question").fill(text)
    await page.get_by_role("button", name="Ask").click()


async def test_an_answer_is_streamed_and_its_citations_lead_to_the_evidence(plant, visit):
    plant.model.state = ModelState.READY
    plant.model.words = ["slurmd.service was started too often [E1]. ", "gpu-99 is next. ", "Reboot gpu-02 now."]
    plant.model.hold = asyncio.Event()
    opened = await visit()
    page = opened.page
    await incident(plant, page)
    await page.goto(f"{plant.url}/chat")
    await ask(page, "what is wrong with gpu-02?")
    coming = page.locator(".words.coming")
    await expect(coming).to_contain_text("1 open incident", timeout=10_000)
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    plant.model.hold.set()
    newest = page.locator("#newest")
    await expect(newest).to_contain_text("was started too often", timeout=10_000)
    await expect(newest).not_to_contain_text("gpu-99")
    await expect(newest).not_to_contain_text("Reboot")
    await expect(newest).to_contain_text("2 claims of the model failed the check")
    await expect(page).to_have_url(re.compile("/chat/[0-9a-f]{32}$"))
    await expect(page.locator("#talks")).to_contain_text("what is wrong with gpu-02?")

    await page.get_by_role("button", name="What should I do?").click()
    await expect(page.locator("#newest")).to_contain_text("What to do", timeout=10_000)
    assert await page.locator(".turn.user").count() == 2

    await newest.locator("a.cite").last.click()
    await expect(page).to_have_url(re.compile("/incidents/[0-9a-f]{32}"))
    assert opened.troubles == []


async def test_stop_ends_the_answer_and_the_model(plant, visit):
    plant.model.state, plant.model.hold = ModelState.READY, asyncio.Event()
    opened = await visit()
    page = opened.page
    await incident(plant, page)
    await page.goto(f"{plant.url}/chat")
    await ask(page, "what is wrong with gpu-02?")
    await expect(page.locator(".words.coming")).to_contain_text("1 open incident", timeout=10_000)
    await page.get_by_role("button", name="Stop", exact=True).click()
    await expect(page.locator(".words.coming")).to_contain_text("Stopped.")
    async with asyncio.timeout(10):
        while plant.model.left == 0:
            await asyncio.sleep(0.02)


async def test_hostile_text_stays_text_in_an_answer(plant, visit):
    plant.model.state, plant.model.words = ModelState.READY, ["<script>owned=true</script> is what I say."]
    opened = await visit()
    page = opened.page
    await page.evaluate("() => { window.owned = false; }")
    await incident(plant, page, f"{HOSTILE}: Start request repeated too quickly.")
    await page.goto(f"{plant.url}/chat?host=gpu-02")
    await ask(page, f"what is wrong? {HOSTILE} <script>owned=true</script>")
    await expect(page.locator("#newest")).to_contain_text("<img/src=x/onerror=owned=true>", timeout=10_000)
    assert await page.locator("#thread img, #thread script").count() == 0
    assert await page.evaluate("() => window.owned") in (False, None)
    assert opened.troubles == []


async def test_asking_and_reading_need_no_javascript(plant, chromium):
    await plant.log("gpu-02", FAILED)
    context = await chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(f"{plant.url}/chat")
    await page.get_by_label("API key").fill(plant.key)
    await page.get_by_role("button", name="Sign in").click()
    for _ in range(50):
        await ask(page, "what is wrong with gpu-02?")
        if await page.locator("#newest", has_text="slurmd.service").count():
            break
        await asyncio.sleep(0.1)
    await expect(page.locator("#newest")).to_contain_text("slurmd.service")
    await expect(page.locator("#newest")).to_contain_text("No model is configured")
    await page.locator("summary", has_text="Rename").click()
    await page.get_by_label("New title").fill("the drained node")
    await page.get_by_role("button", name="Rename").click()
    await expect(page.locator("h1")).to_have_text("the drained node")
    await context.close()


async def test_an_escalated_incident_is_analysed_on_its_page(plant, visit):
    opened = await visit()
    page = opened.page
    await incident(plant, page)
    await page.locator("#open .row a").first.click()
    await page.get_by_role("button", name=re.compile("Analyse")).click()
    await expect(page.locator("#analysis")).to_contain_text("What shares it", timeout=10_000)
    await expect(page.locator("#analysis")).to_contain_text("No model is configured")
    await page.get_by_role("link", name="Ask about this incident").click()
    await expect(page.locator("#talk-head")).to_contain_text("about")
    await ask(page, "why?")
    await expect(page.locator("#newest")).to_contain_text("Cause", timeout=10_000)
    assert opened.troubles == []
