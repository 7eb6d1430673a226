"""`groundcrew inventory` at the terminal: show, check, import."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryDependency, InventoryHost, InventoryPart

PSU = InventoryPart(component_class="psu", locator="PSU1", serial="P1")


class Listed:
    """What the gateway holds; edits go into it."""

    def __init__(self, gateway: Any, *hosts: InventoryHost) -> None:
        self.inventory = Inventory(
            revision=7,
            changed_at=SystemClock().now() - timedelta(minutes=5),
            changed_by="ada",
            host=list(hosts),
            bmc=[InventoryBmc(name="n2-bmc", address="10.0.0.2", origin="rest")],
            dependency=[InventoryDependency(entity="host:n2", on="host:nfs-1", kind="storage")],
        )
        self.sent: list[dict[str, Any]] = []
        gateway.reply("GET inventory", lambda query, body: (200, self.inventory.model_dump(mode="json")))
        gateway.reply("PATCH inventory", self._patch)

    def _patch(self, query: Any, body: Any) -> tuple[int, Any]:
        self.sent.append(body)
        self.inventory = self.inventory.model_copy(update={"revision": self.inventory.revision + 1})
        return 200, self.inventory.model_dump(mode="json")


@pytest.fixture
def listed(gateway: Any) -> Listed:
    return Listed(
        gateway,
        InventoryHost(name="n10", rack="r10", origin="observed"),
        InventoryHost(name="n2", rack="r2", unit="U4", bmc="n2-bmc", pdu=["pdu-a"], gpus=8, part=[PSU], origin="rest"),
    )


def test_inventory_is_shown_by_rack_as_people_count(run: Any, gateway: Any, listed: Listed) -> None:
    result = run("inventory", "--url", gateway.url)
    assert result.code == 0
    assert result.out.splitlines() == [
        "2 hosts, 1 BMC, 1 dependency    revision 7, by ada 5 min ago",
        "",
        "rack r2",
        "  U4   n2                       REST",
        "       8 GPUs · 1 part · bmc n2-bmc · feeds pdu-a",
        "",
        "rack r10",
        "  -    n10                      observed",
        "",
        "BMCs",
        "  n2-bmc                   10.0.0.2:623  in n2  REST",
        "",
        "dependencies",
        "  host:n2 needs host:nfs-1 for its storage  file",
    ]
    assert json.loads(run("inventory", "show", "--json", "--url", gateway.url).out)["revision"] == 7


def test_an_empty_inventory_says_how_to_fill_it(run: Any, gateway: Any) -> None:
    gateway.reply("GET inventory", Inventory())
    assert "inventory import FILE" in run("inventory", "--url", gateway.url).out


def test_import_sends_what_is_new_or_different_for_the_revision_it_saw(
    run: Any, gateway: Any, listed: Listed, tmp_path: Path
) -> None:
    file = tmp_path / "inventory.toml"
    file.write_text(
        '[[host]]\nname = "n3"\nrack = "r3"\n[[host]]\nname = "n10"\nrack = "r11"\n'
        '[[bmc]]\nname = "n2-bmc"\naddress = "10.0.0.2"\n'
    )
    result = run("inventory", "import", str(file), "--url", gateway.url)
    assert result.out == "1 added, 1 changed, 1 unchanged; revision 8\n"
    assert listed.sent == [{"host": [{"name": "n3", "rack": "r3"}, {"name": "n10", "rack": "r11"}]}]


def test_a_csv_file_changes_only_the_columns_that_it_has(
    run: Any, gateway: Any, listed: Listed, tmp_path: Path
) -> None:
    file = tmp_path / "hosts.csv"
    file.write_text("name,rack,unit\nn2,r5,\n")
    assert run("inventory", "import", str(file), "--url", gateway.url).code == 0
    [sent] = listed.sent[0]["host"]
    assert (sent["rack"], sent["unit"], sent["part"][0]["serial"]) == ("r5", "U4", "P1")


def test_a_dry_run_sends_nothing(run: Any, gateway: Any, listed: Listed, tmp_path: Path) -> None:
    file = tmp_path / "hosts.csv"
    file.write_text("name,rack\nn3,r3\nn10,r10\n")
    result = run("inventory", "import", "--dry-run", str(file), "--url", gateway.url)
    assert result.out == "1 added, 0 changed, 1 unchanged; nothing was sent\n  + host:n3\n"
    assert listed.sent == []


def test_a_large_list_goes_in_portions_that_a_gateway_takes(
    run: Any, gateway: Any, listed: Listed, tmp_path: Path
) -> None:
    file = tmp_path / "hosts.csv"
    file.write_text("name,rack,model\n" + "".join(f"big-{n},r1,{'x' * 60}\n" for n in range(1_200)))
    result = run("inventory", "import", str(file), "--json", "--url", gateway.url)
    assert json.loads(result.out)["added"] == 1_200
    assert sum(len(one["host"]) for one in listed.sent) == 1_200
    assert all(len(json.dumps(one)) < 65_536 for one in listed.sent)
    assert len(listed.sent) > 1


def test_a_refusal_is_the_owners_sentence(run: Any, gateway: Any, listed: Listed, tmp_path: Path) -> None:
    file = tmp_path / "hosts.csv"
    file.write_text("name,rack\nn10,r11\n")
    gateway.reply(
        "PATCH inventory", (409, {"title": "Conflict", "detail": "host 'n10' is listed in the operator's file"})
    )
    result = run("inventory", "import", str(file), "--url", gateway.url)
    assert (result.code, result.err) == (4, "groundcrew: host 'n10' is listed in the operator's file\n")


def test_check_needs_no_running_system(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "inventory.toml"
    file.write_text('[[host]]\nname = "n1"\n')
    assert run("inventory", "check", str(file)).out == f"{file} is valid: 1 host, 0 BMCs, 0 dependencies.\n"
    file.write_text('[[host]]\nname = "n1"\ngpus = "many"\n')
    result = run("inventory", "check", str(file))
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"groundcrew: expected an inventory: {file}: host 'n1', gpus: ")
    assert len(result.err.splitlines()) == 1
    assert json.loads(run("inventory", "check", str(file), "--json").out)["ok"] is False
    assert run("inventory", "check", str(tmp_path / "none.toml")).code == 2
