"""docs/messages.md is what the code says."""

import re
from pathlib import Path

from groundcrew.contracts.queries import Endpoints
from groundcrew.contracts.reference import main, render
from groundcrew.contracts.streams import ROUTES, Durables

PAGE = Path(__file__).parents[3] / "docs" / "messages.md"


def test_the_page_in_the_repository_is_up_to_date():
    assert PAGE.read_text() == render(), "run: python -m groundcrew.contracts.reference > docs/messages.md"


def test_the_page_names_every_message_durable_and_endpoint():
    page = render()
    for route in ROUTES:
        assert f"`{route.message.TYPE}`" in page
        assert f"### {route.message.__name__}\n" in page
    for durable in Durables.all():
        assert f"`{durable.name}`" in page
    for endpoint in Endpoints.all():
        assert f"`{endpoint.owner}.{endpoint.what}`" in page


def test_links_lead_somewhere():
    page = render()
    titles = {title.lower() for title in re.findall(r"^### (\w+)$", page, re.MULTILINE)}
    assert {anchor for _, anchor in re.findall(r"\[(\w+)\]\(#(\w+)\)", page)} <= titles


def test_check_prints_the_difference(tmp_path, capsys):
    stale = tmp_path / "messages.md"
    stale.write_text(render().replace("host-collector", "toaster", 1))
    assert main(["--check", str(stale)]) == 1
    assert "+| `observe.logs` |" in capsys.readouterr().out
    stale.write_text(render())
    assert main(["--check", str(stale)]) == 0
    assert main(["--check", str(tmp_path / "absent.md")]) == 1
