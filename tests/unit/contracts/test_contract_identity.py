"""Names as subject tokens, and ids."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from groundcrew.contracts.identity import Entity, Site, host, kind_of, name_of, stable_id, token

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(NAMES)
def test_a_token_is_one_legal_subject_token(name):
    assert re.fullmatch(r"[a-z0-9_-]*", token(name))


@given(NAMES, NAMES)
def test_different_names_have_different_tokens(one, other):
    assert (token(one) == token(other)) == (one.lower() == other.lower())


def test_a_token_reads_as_the_documentation_says():
    assert token("host:Brickbox-43") == "host_3abrickbox-43"
    assert token("a_b.c*>") == "a_5fb_2ec_2a_3e"
    assert token("é") == "_c3_a9"


@given(st.lists(st.text(), max_size=5), st.lists(st.text(), max_size=5))
def test_stable_ids_are_equal_only_for_equal_parts(one, other):
    assert (stable_id(*one) == stable_id(*other)) == (one == other)


def test_a_stable_id_never_changes():
    assert stable_id("demo", "journal", 7) == "5e1bca78bb6c8f6d24ef68299b074a98"
    assert stable_id("a", "bc") != stable_id("ab", "c")


@given(st.text())
def test_a_stable_id_takes_any_text(text):
    assert re.fullmatch(r"[0-9a-f]{32}", stable_id(text, "\ud800"))


def test_an_entity_is_kind_and_name():
    entity = host("brickbox-43")
    assert (entity, kind_of(entity), name_of(entity)) == ("host:brickbox-43", "host", "brickbox-43")
    assert name_of("bmc:10.0.0.1:623") == "10.0.0.1:623"


@pytest.mark.parametrize("value", ["brickbox-43", "host:", ":x", "toaster:x", "host:" + "x" * 300, ""])
def test_a_bad_entity_is_told_with_the_kinds_that_there_are(value):
    with pytest.raises(ValidationError, match="expected 'kind:name' with kind one of bmc, host"):
        TypeAdapter(Entity).validate_python(value)


@pytest.mark.parametrize("value", ["", "Demo", "a.b", "-a", "a b", "a" * 64, "dé"])
def test_a_bad_site_is_told_with_what_is_allowed(value):
    with pytest.raises(ValidationError, match="expected 1 to 63 characters"):
        TypeAdapter(Site).validate_python(value)
