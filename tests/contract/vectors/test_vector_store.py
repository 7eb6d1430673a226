"""What every vector store does."""

from .conftest import NEXT, SPACE, point

UP, DOWN, LEFT = [0.0, 1.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]


async def texts(vectors, name="issues", space=SPACE, vector=UP, site="default", **more):
    found = await vectors.search(name, space, vector, site=site, limit=more.pop("limit", 10), **more)
    return [hit.passage.text for hit in found]


async def test_what_was_never_written_is_empty(vectors):
    assert await texts(vectors) == []
    assert await vectors.count("issues", SPACE, "default") == 0
    assert (await vectors.page("issues", SPACE, "default")).passages == []
    assert await vectors.known("issues", SPACE, "default", [point("a", UP).passage.id]) == {}
    assert await vectors.aliases() == {}
    await vectors.delete("issues", "default", "incident/a")


async def test_the_most_alike_comes_first_with_its_cosine(vectors):
    stored = [point("same", [0.0, 7.0, 0.0, 0.0]), point("near", [1.0, 1.0, 0.0, 0.0]), point("opposite", DOWN)]
    await vectors.upsert("issues", SPACE, stored)
    found = await vectors.search("issues", SPACE, UP, site="default", limit=10)
    assert [(hit.passage.text, round(hit.score, 3)) for hit in found] == [
        ("same", 1.0), ("near", 0.707), ("opposite", -1.0)
    ]  # fmt: skip
    assert await texts(vectors, min_score=0.5) == ["same", "near"]
    assert await texts(vectors, limit=1) == ["same"]


async def test_a_passage_comes_back_as_it_was_stored(vectors):
    one = point("psu of n1 failed\n\N{HIGH VOLTAGE SIGN}", UP, entity="host:n1", minutes=3)
    await vectors.upsert("issues", SPACE, [one])
    (hit,) = await vectors.search("issues", SPACE, UP, site="default", limit=1)
    assert hit.passage == one.passage
    assert await vectors.known("issues", SPACE, "default", [one.passage.id]) == {one.passage.id: one.passage}


async def test_another_site_is_never_told(vectors):
    await vectors.upsert("issues", SPACE, [point("ours", LEFT), point("theirs", UP, site="other")])
    assert await texts(vectors) == ["ours"]
    assert await texts(vectors, site="other") == ["theirs"]
    assert await vectors.count("issues", SPACE, "default") == 1
    theirs = point("theirs", UP, site="other").passage
    assert await vectors.known("issues", SPACE, "default", [theirs.id]) == {}
    await vectors.delete("issues", "default", theirs.ref)
    await vectors.delete_ids("issues", SPACE, "default", [theirs.id])
    assert await texts(vectors, site="other") == ["theirs"]


async def test_only_what_is_about_an_entity(vectors):
    await vectors.upsert("issues", SPACE, [point("n1", UP, entity="host:n1"), point("n2", UP, entity="host:n2")])
    assert await texts(vectors, entity="host:n2") == ["n2"]


async def test_collections_do_not_mix(vectors):
    await vectors.upsert("issues", SPACE, [point("an incident", UP)])
    await vectors.upsert("decisions", SPACE, [point("an action", UP)])
    assert await texts(vectors) == ["an incident"]
    assert await texts(vectors, "decisions") == ["an action"]


async def test_writing_again_changes_nothing(vectors):
    for _ in range(2):
        await vectors.upsert("issues", SPACE, [point("once", UP)])
    assert await vectors.count("issues", SPACE, "default") == 1


async def test_the_same_id_is_replaced(vectors):
    old = point("x", UP)
    changed = type(old)(type(old.passage)(**{**vars(old.passage), "text": "y"}), LEFT)
    await vectors.upsert("issues", SPACE, [old])
    await vectors.upsert("issues", SPACE, [changed])
    (hit,) = await vectors.search("issues", SPACE, LEFT, site="default", limit=10)
    assert (hit.passage.text, round(hit.score, 3)) == ("y", 1.0)


async def test_what_came_from_a_ref_goes_but_for_what_is_kept(vectors):
    parts = [point(text, UP, ref="runbook.md") for text in ("one", "two", "three")]
    await vectors.upsert("knowledge", SPACE, [*parts, point("another", UP)])
    await vectors.delete("knowledge", "default", "runbook.md", keep=[parts[1].passage.id])
    assert sorted(await texts(vectors, "knowledge")) == ["another", "two"]
    await vectors.delete("knowledge", "default", "runbook.md")
    assert await texts(vectors, "knowledge") == ["another"]


async def test_pages_lead_through_everything_once(vectors):
    stored = [point(f"n{number}", UP) for number in range(7)]
    await vectors.upsert("issues", SPACE, stored)
    seen, after = [], None
    while True:
        page = await vectors.page("issues", SPACE, "default", after=after, limit=3)
        assert len(page.passages) <= 3
        seen += [passage.id for passage in page.passages]
        after = page.after
        if after is None:
            break
    assert sorted(seen) == sorted(one.passage.id for one in stored)
    assert len(set(seen)) == len(seen)


async def test_the_oldest_can_be_found_and_deleted(vectors):
    stored = [point(f"n{minutes}", UP, minutes=minutes) for minutes in (5, 1, 9)]
    await vectors.upsert("issues", SPACE, [*stored, point("theirs", UP, site="other")])
    oldest = await vectors.oldest("issues", SPACE, "default", 2)
    assert oldest == [stored[1].passage.id, stored[0].passage.id]
    await vectors.delete_ids("issues", SPACE, "default", oldest)
    assert await texts(vectors) == ["n9"]


async def test_the_first_space_of_a_collection_is_its_alias(vectors):
    await vectors.upsert("issues", SPACE, [point("x", UP)])
    await vectors.upsert("issues", NEXT, [point("x", [0.0] * 5 + [1.0])])
    assert await vectors.aliases() == {"issues": SPACE}


async def test_switching_drops_the_old_space_once_it_is_empty(vectors):
    await vectors.upsert("issues", SPACE, [point("x", UP), point("theirs", UP, site="other")])
    await vectors.upsert("decisions", SPACE, [point("z", UP)])
    await vectors.upsert("issues", NEXT, [point("x", [0.0] * 5 + [1.0])])
    await vectors.delete_ids("issues", SPACE, "default", [point("x", UP).passage.id])
    assert sorted(await vectors.spaces("issues"), key=str) == [NEXT, SPACE]
    await vectors.switch("issues", NEXT)
    assert await vectors.aliases() == {"issues": NEXT, "decisions": SPACE}
    assert await vectors.count("issues", NEXT, "default") == 1
    assert await texts(vectors, site="other") == ["theirs"]
    await vectors.delete("issues", "other", "incident/theirs")
    await vectors.switch("issues", NEXT)
    assert await vectors.spaces("issues") == [NEXT]
    assert await texts(vectors, "decisions") == ["z"]


async def test_deleting_reaches_all_spaces(vectors):
    await vectors.upsert("issues", SPACE, [point("x", UP)])
    await vectors.upsert("issues", NEXT, [point("x", [0.0] * 5 + [1.0])])
    await vectors.delete("issues", "default", "incident/x")
    assert await vectors.count("issues", SPACE, "default") == 0
    assert await vectors.count("issues", NEXT, "default") == 0


async def test_it_says_where_it_is(vectors):
    assert await vectors.ping()


async def test_writing_nothing_makes_nothing(vectors):
    await vectors.upsert("issues", SPACE, [])
    assert await vectors.aliases() == {}
