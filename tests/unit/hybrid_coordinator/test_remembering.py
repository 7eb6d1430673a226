"""What a site remembers, who is told, and what happens when something is away."""

from datetime import timedelta

import pytest

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.actions import ActionState
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryDependency, InventoryHost, InventoryPart
from groundcrew.contracts.knowledge import Collection, Remember
from groundcrew.contracts.queries import Endpoints, Failure
from groundcrew.stores.coordinator.vectors import VectorsUnavailable
from groundcrew.stores.coordinator.vectors_memory import MemoryVectors
from groundcrew_hybrid_coordinator import embedders
from groundcrew_hybrid_coordinator.knowledge_settings import KnowledgeSection
from groundcrew_hybrid_coordinator.learning import remember_interaction
from groundcrew_hybrid_coordinator.notes import PASSAGE_CHARACTERS, cut

from .remembering import START, Site, incident, nginx, restart

ISSUES, SOLUTIONS, DECISIONS = Collection.ISSUES, Collection.ERROR_SOLUTIONS, Collection.DECISIONS


class Away(MemoryVectors):
    """A store that can be away, as an engine or server is."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False

    async def known(self, *arguments, **more):
        self._check()
        return await super().known(*arguments, **more)

    async def search(self, name, *arguments, **more):
        self._check()
        return await super().search(name, *arguments, **more)

    def _check(self):
        if self.away:
            raise VectorsUnavailable("Qdrant at http://127.0.0.1:6333: no answer within 10 s")


# --- what is learned -------------------------------------------------------------------------------------------------


async def test_a_second_incident_of_the_kind_finds_the_first_with_what_fixed_it(site: Site):
    first = nginx("web-01")
    await site.ended(restart(first))
    await site.resolved(first)
    second = nginx("web-07")
    (solution,) = (await site.ask(f"{second.title}\nCause {second.cause.id}", SOLUTIONS)).passages
    assert solution.ref == f"incident/{first.id}"
    assert solution.entity == "host:web-01"
    assert "What helped: service.restart nginx.service on host:web-01, decided by alice" in solution.text
    (issue,) = (await site.ask(second.title, ISSUES)).passages
    assert "Resolved after 42 min: All clear" in issue.text


async def test_what_has_nothing_to_do_with_it_is_not_told(site: Site):
    await site.resolved(nginx("web-01"))
    assert await site.texts("correctable ECC errors of DIMM A1 on gpu-03", ISSUES) == []


async def test_the_kind_that_is_alike_comes_before_the_one_that_is_not(site: Site):
    await site.resolved(nginx("web-01"))
    await site.resolved(incident("gpu-03", "psu.input_lost", "PSU2", "PSU2 of gpu-03 lost its input power"))
    told = await site.texts("PSU1 of gpu-09 lost its input power", ISSUES, min_score=-1)
    assert [text.splitlines()[0] for text in told] == [
        "PSU2 of gpu-03 lost its input power", "nginx.service on web-01 failed"
    ]  # fmt: skip


async def test_a_restart_that_ended_after_its_incident_was_resolved_is_what_helped(site: Site):
    one = nginx("web-01")
    await site.resolved(one)
    assert await site.texts(one.title, SOLUTIONS) == []
    await site.ended(restart(one))
    (solution,) = await site.texts(one.title, SOLUTIONS)
    assert "the unit is active again" in solution


async def test_what_people_said_helped_is_a_solution_too(site: Site):
    one = incident("gpu-03", "psu.failed", "PSU2", "PSU2 of gpu-03 failed")
    await site.said(one, "fusion", "Seen again by psu-failed (2 triggers)")
    await site.said(one, "bob", "Acknowledged by bob.")
    await site.said(one, "bob", "swapped PSU2 with the spare from rack 7")
    await site.resolved(one, "swapped PSU2 with the spare from rack 7")
    (solution,) = await site.texts("PSU1 of gpu-08 failed", SOLUTIONS)
    assert "Said by bob: swapped PSU2 with the spare from rack 7" in solution
    assert "fusion" not in solution
    assert "Acknowledged" not in solution


async def test_a_failed_restart_and_a_look_at_the_log_fixed_nothing(site: Site):
    one = nginx("web-01")
    await site.ended(restart(one, ActionState.FAILED))
    await site.ended(restart(one, kind="journal.query", id=stable_id("look"), parameters={}))
    await site.resolved(one)
    assert await site.texts(one.title, SOLUTIONS, min_score=-1) == []


async def test_an_ended_action_is_remembered_with_who_decided_and_what_came_of_it(site: Site):
    one = nginx("web-01")
    rejected = restart(one, ActionState.REJECTED, outcome="", comment="not during the sale")
    await site.ended(rejected)
    (decision,) = (await site.ask("restart nginx", DECISIONS)).passages
    assert (decision.ref, decision.entity) == (f"action/{rejected.id}", "host:web-01")
    assert "rejected" in decision.text
    assert "Decided by alice: not during the sale" in decision.text


async def test_an_incident_that_was_taken_over_is_no_issue(site: Site):
    one = nginx("web-01")
    await site.resolved(one)
    await site.resolved(one.model_copy(update={"revision": 4, "merged_into": stable_id("bigger")}))
    assert await site.texts(one.title, ISSUES, min_score=-1) == []


async def test_redelivery_changes_nothing(site: Site):
    one = nginx("web-01")
    await site.ended(restart(one))
    await site.resolved(one)
    before = [await site.ask(one.title, kind, min_score=-1) for kind in (ISSUES, SOLUTIONS, DECISIONS)]
    site.actions.clear()
    await site.ended(restart(one))
    await site.resolved(one)
    assert [await site.ask(one.title, kind, min_score=-1) for kind in (ISSUES, SOLUTIONS, DECISIONS)] == before


async def test_an_older_revision_that_comes_late_does_not_replace_a_newer_one(site: Site):
    one = nginx("web-01")
    later = one.model_copy(update={"updated_at": one.updated_at + timedelta(days=1), "note": "it was the config"})
    await site.resolved(later)
    await site.resolved(one)
    (issue,) = await site.texts(one.title, ISSUES)
    assert "it was the config" in issue


async def test_a_question_and_its_answer_are_remembered(make_site):
    site = Site()
    memory = await site.start()
    await remember_interaction(
        memory, interaction_id=stable_id("i"), question="why is web-01 slow?", answer="its disk is full",
        time=START, about="web-01",
    )  # fmt: skip
    (told,) = await site.texts("why is web-01 so slow", Collection.INTERACTION_HISTORY, entity="host:web-01")
    assert told == "Question: why is web-01 slow?\nA model answered: its disk is full"
    await site.stack.aclose()


# --- inventory and packs ---------------------------------------------------------------------------------------------

FLEET = Inventory(
    host=[
        InventoryHost(name="gpu-03", rack="r7", unit="U12", pdu=["pdu-3a", "pdu-3b"], switch="sw-7", gpus=8,
                      vendor="Supermicro", bmc="gpu-03-bmc", role="trainer",
                      part=[InventoryPart(component_class="psu", locator="PSU2", model="PWS-2K")]),
        InventoryHost(name="gpu-04", rack="r7", pdu=["pdu-3b"]),
    ],
    bmc=[InventoryBmc(name="gpu-03-bmc", address="10.0.0.3", user="groundcrew", password_file="/etc/secret")],
    dependency=[InventoryDependency(entity="host:gpu-03", on="host:nfs-01", kind="storage")],
)  # fmt: skip


async def systems(site: Site, text: str, **more):
    return await site.texts(text, Collection.SYSTEMS, Collection.RELATIONSHIPS, **{"limit": 50, **more})


async def test_hosts_and_what_hangs_together_follow_the_inventory(site: Site):
    await site.inventory(FLEET)

    async def learnt():
        return len(await systems(site, "gpu", min_score=-1)) == 8

    await site.until(learnt)
    (feed,) = await systems(site, "what hangs on feed pdu-3b", entity="pdu:pdu-3b", min_score=-1)
    assert feed == "Feed pdu-3b powers 2 hosts: gpu-03, gpu-04"
    (place,) = await site.texts("gpu-03", Collection.SYSTEMS, entity="host:gpu-03")
    assert place.startswith("Host gpu-03\nRole: trainer\nModel: Supermicro\nPlace: rack r7 U12")
    (needs,) = await site.texts("storage", Collection.RELATIONSHIPS, entity="host:gpu-03", min_score=-1)
    assert needs == "host:gpu-03 depends on host:nfs-01 (storage)"
    (bmc,) = await systems(site, "bmc", entity="bmc:gpu-03-bmc", min_score=-1)
    assert "of host gpu-03" in bmc
    assert "secret" not in bmc


async def test_what_the_inventory_lists_no_more_is_forgotten_and_nothing_else(site: Site):
    await site.bus.request(
        Endpoints.REMEMBER,
        Remember(collection=Collection.SYSTEMS, text="gpu-04 is on loan until May", ref="loans.md", actor="alice"),
    )
    await site.inventory(FLEET)

    async def learnt():
        return len(await systems(site, "gpu-04", min_score=-1)) == 9

    await site.until(learnt)
    await site.inventory(FLEET.model_copy(update={"host": FLEET.host[:1], "dependency": []}))

    async def forgotten():
        told = await systems(site, "gpu-04", min_score=-1)
        return len(told) == 7 and not any(text.startswith("Host gpu-04") for text in told)

    await site.until(forgotten)
    assert "gpu-04 is on loan until May" in await systems(site, "gpu-04 loan")
    assert "Feed pdu-3b powers 1 hosts: gpu-03" in await systems(site, "feed pdu-3b", min_score=-1)


async def test_causes_and_their_steps_are_known_from_the_start(site: Site):
    await site.upkept()
    (meaning,) = await site.texts("a power supply lost its AC input", Collection.KNOWLEDGE, limit=1)
    assert "psu.input_lost" in meaning
    (practice,) = await site.texts("a power supply has no AC input: what to do", Collection.BEST_PRACTICES, limit=1)
    assert "breaker" in practice


# --- who is told -----------------------------------------------------------------------------------------------------


async def test_another_site_never_sees_it(make_site):
    shared = MemoryVectors()
    ours, theirs = await make_site("default", vectors=shared), await make_site("other", vectors=shared)
    one = nginx("web-01")
    await ours.ended(restart(one))
    await ours.resolved(one)
    for kind in (ISSUES, SOLUTIONS, DECISIONS):
        assert await ours.texts(one.title, kind) != []
        assert await theirs.texts(one.title, kind, min_score=-1) == []


async def test_only_what_is_about_the_host_that_was_asked_for(site: Site):
    await site.resolved(nginx("web-01"))
    await site.resolved(nginx("web-02"))
    (told,) = (await site.ask("nginx.service failed", ISSUES, entity="host:web-02")).passages
    assert told.entity == "host:web-02"


async def test_passages_of_all_collections_come_best_first_and_within_the_limit(site: Site):
    for number in range(6):
        await site.resolved(nginx(f"web-{number:02d}"))
        await site.ended(restart(nginx(f"web-{number:02d}")))
    told = (await site.ask("nginx.service on web-03 failed", limit=5)).passages
    assert len(told) == 5
    assert [one.score for one in told] == sorted((one.score for one in told), reverse=True)
    assert "web-03" in told[0].text


async def test_an_answer_is_bounded(site: Site):
    for number in range(40):
        text = f"runbook {number}: " + "restart the ingest worker and wait; " * 30
        await site.bus.request(
            Endpoints.REMEMBER,
            Remember(collection=Collection.KNOWLEDGE, text=text, ref=f"{number}.md", actor="alice"),
        )
    told = await site.texts("restart the ingest worker", Collection.KNOWLEDGE, limit=50)
    assert 10 < len(told) < 40
    assert sum(map(len, told)) <= 24_000


# --- what operators add ----------------------------------------------------------------------------------------------


async def test_a_runbook_is_found_by_its_paragraph_and_replaced_by_its_ref(site: Site):
    long = "\n\n".join(f"Step {n}: {'drain the node and wait ' * 20}" for n in range(6)) + "\n\nUnmount /scratch last."
    request = Remember(collection=Collection.SKILLS_PATTERNS, text=long, ref="drain.md", actor="alice")
    reply = await site.bus.request(Endpoints.REMEMBER, request)
    again = await site.bus.request(Endpoints.REMEMBER, request)
    assert reply == again
    (last,) = await site.texts("unmount scratch", Collection.SKILLS_PATTERNS, limit=1, min_score=-1)
    assert last.endswith("Unmount /scratch last.")
    site.clock.advance_to(START + timedelta(minutes=1))
    await site.bus.request(Endpoints.REMEMBER, request.model_copy(update={"text": "Use gc-drain."}))
    assert await site.texts("drain the node", Collection.SKILLS_PATTERNS, min_score=-1) == ["Use gc-drain."]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ref": "pack/psu.failed"}, "ref: 'pack/' begins"),
        ({"ref": "incident/x"}, "choose another"),
        ({"collection": Collection.UNKNOWN}, "collection"),
        ({"text": " \n "}, "text"),
    ],
)
async def test_what_cannot_be_remembered_is_refused_in_one_line(site: Site, change, says):
    good = Remember(collection=Collection.KNOWLEDGE, text="x", ref="a.md", actor="alice")
    with pytest.raises(RequestFailed, match=says) as refused:
        await site.bus.request(Endpoints.REMEMBER, good.model_copy(update=change))
    assert refused.value.failure is Failure.INVALID


async def test_secrets_of_a_configuration_file_are_not_remembered(site: Site):
    text = "upstream https://ingest:hunter2@10.0.0.7/\nheader Authorization: Bearer abc.def"
    await site.bus.request(
        Endpoints.REMEMBER, Remember(collection=Collection.CONFIG_FILES, text=text, ref="ingest.conf", actor="alice")
    )
    (kept,) = await site.texts("upstream ingest header", Collection.CONFIG_FILES, min_score=-1)
    assert "10.0.0.7" in kept
    assert "hunter2" not in kept
    assert "abc.def" not in kept


def test_a_long_text_is_cut_between_paragraphs_and_loses_no_word():
    text = "\n\n".join(" ".join(f"w{n}" for n in range(start, start + 150)) for start in range(0, 1500, 150))
    parts = cut(text + " " + "x" * 5_000)
    assert all(len(part) <= PASSAGE_CHARACTERS for part in parts)
    assert " ".join(parts).split()[:1500] == text.split()
    assert "".join(parts).count("x") == 5_000
    assert cut("short") == ["short"]
    assert cut(" \n ") == []


# --- what is away ----------------------------------------------------------------------------------------------------


async def test_what_is_resolved_while_the_engine_is_away_is_learned_when_it_is_back(make_site):
    store = Away()
    site = await make_site(vectors=store)
    store.away = True
    await site.resolved(nginx("web-01"))
    told = await site.ask("nginx.service failed", ISSUES)
    assert told.passages == []
    assert "Could not be searched: issues (Qdrant at http://127.0.0.1:6333: no answer within 10 s)" in told.missing
    store.away = False
    await site.settle(60)
    assert len(await site.texts("nginx.service failed", ISSUES)) == 1


async def test_an_incident_is_learned_once_context_is_back(site: Site):
    site.away = True
    one = nginx("web-01")
    await site.ended(restart(one))
    await site.resolved(one)
    assert await site.texts(one.title, SOLUTIONS) == []
    site.away = False
    await site.settle(60)
    assert len(await site.texts(one.title, SOLUTIONS)) == 1


async def test_remembering_says_that_the_engine_is_away(make_site):
    store = Away()
    site = await make_site(vectors=store)
    store.away = True
    with pytest.raises(RequestFailed, match=r"127\.0\.0\.1:6333") as refused:
        await site.bus.request(
            Endpoints.REMEMBER, Remember(collection=Collection.KNOWLEDGE, text="x", ref="a.md", actor="alice")
        )
    assert refused.value.failure is Failure.UNAVAILABLE


async def test_an_embedding_server_that_is_away_is_said_and_nothing_is_made_up(make_site):
    section = KnowledgeSection(embedder="openai", embedder_url="http://127.0.0.1:9/v1", embedder_model="m")
    site = await make_site(section=section)
    told = await site.ask("nginx.service failed")
    assert told.passages == []
    assert "http://127.0.0.1:9/v1/embeddings cannot be asked" in told.missing


# --- another embedder ------------------------------------------------------------------------------------------------


class Lengths:
    """Another embedder: a vector of what the text is made of."""

    name = "lengths"
    min_score = 0.0

    async def embed(self, texts):
        return [[float(len(text)), float(text.count("nginx")) * 50, 1.0] for text in texts]

    async def dimension(self):
        return 3

    async def close(self):
        """Nothing is open."""


async def test_another_embedder_embeds_everything_anew_and_then_switches(make_site, monkeypatch):
    store = MemoryVectors()
    before = await make_site(vectors=store)
    await before.resolved(nginx("web-01"))
    await before.upkept()
    await before.stack.aclose()
    assert {space.embedder for space in (await store.aliases()).values()} == {"hashing-1"}

    monkeypatch.setattr("groundcrew_hybrid_coordinator.knowledge.embedder_of", lambda *_, **__: Lengths())
    after = await make_site(vectors=store)

    async def moved():
        return {space.embedder for space in (await store.aliases()).values()} == {"lengths"}

    await after.until(moved)
    told = await after.ask("nginx.service on web-01 failed", ISSUES, min_score=-1)
    assert told.embedder == "lengths_3"
    assert [one.ref for one in told.passages] == [f"incident/{nginx('web-01').id}"]
    assert {str(space) for name in await store.aliases() for space in await store.spaces(name)} == {"lengths_3"}


async def test_while_it_is_embedded_anew_the_answer_says_so_and_new_lessons_stay(make_site, monkeypatch):
    store = MemoryVectors()
    before = await make_site(vectors=store)
    await before.resolved(nginx("web-01"))
    await before.upkept()
    await before.stack.aclose()

    class Slow(Lengths):
        held = True

        async def embed(self, texts):
            if self.held and len(texts) > 1:
                raise embedders_away("the model is still loading")
            return await super().embed(texts)

    slow = Slow()
    monkeypatch.setattr("groundcrew_hybrid_coordinator.knowledge.embedder_of", lambda *_, **__: slow)
    after = await make_site(vectors=store)

    async def moving():
        told = await after.ask("nginx", Collection.KNOWLEDGE, Collection.ISSUES, min_score=-1)
        return "Only partly searched, being embedded anew: knowledge" in told.missing

    await after.until(moving)
    await after.resolved(nginx("web-01", note="learned meanwhile", updated_at=START + timedelta(days=2)))
    slow.held = False

    async def moved():
        await after.settle(60)
        return {space.embedder for space in (await store.aliases()).values()} == {"lengths"}

    await after.until(moved)
    (issue,) = await after.texts("nginx", ISSUES, min_score=-1)
    assert "learned meanwhile" in issue
    assert (await after.ask("nginx")).missing == ""


def embedders_away(reason: str) -> Exception:
    from groundcrew.models.embedding import EmbedderUnavailable

    return EmbedderUnavailable(reason)


async def test_a_growing_collection_keeps_the_newest(make_site):
    site = await make_site(section=KnowledgeSection(embedder="hashing", remember_at_most=100))
    for number in range(205):
        when = START + timedelta(minutes=number)
        await site.resolved(nginx(f"web-{number:03d}", updated_at=when, resolved_at=when))
    left = await site.vectors.count("issues", await _space(site), "default")
    assert 100 <= left < 205
    oldest = await site.texts("nginx.service on web-000 failed", ISSUES, entity="host:web-000", min_score=-1)
    assert oldest == []


async def _space(site: Site):
    return (await site.vectors.aliases())["issues"]


def test_minilm_that_is_not_there_is_said_at_the_start(tmp_path):
    from groundcrew.runtime.resources import CannotStart

    with pytest.raises(CannotStart, match=r"expected model\.safetensors"):
        embedders.embedder_of("minilm", minilm_dir=str(tmp_path))
    with pytest.raises(CannotStart, match="embedder_url"):
        embedders.embedder_of("openai")
    assert embedders.embedder_of("hashing").name == "hashing-1"
