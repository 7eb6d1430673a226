"""Migration files: their order, and that they ship."""

import pytest

from groundcrew.stores.migrate import MigrationError, migrations_of, read_migrations


@pytest.mark.parametrize("owner", ["context", "actions", "gateway"])
def test_each_owners_migrations_are_numbered_without_gaps(owner):
    found = migrations_of(owner)
    assert [migration.number for migration in found] == list(range(1, len(found) + 1))
    assert found


def test_a_gap_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "0001_first.sql").write_text("SELECT 1")
    (tmp_path / "0003_third.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match=r"0003_third\.sql: expected number 0002"):
        read_migrations(tmp_path)


@pytest.mark.parametrize("name", ["1_first.sql", "0001-first.sql", "0001_First.sql"])
def test_a_name_out_of_form_is_an_error_that_says_the_form(tmp_path, name):
    (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(MigrationError, match=r"expected NNNN_lower_case_name\.sql"):
        read_migrations(tmp_path)


def test_the_checksum_follows_every_byte(tmp_path):
    file = tmp_path / "0001_first.sql"
    file.write_text("SELECT 1")
    (before,) = read_migrations(tmp_path)
    file.write_text("SELECT 1 ")
    (after,) = read_migrations(tmp_path)
    assert before.checksum != after.checksum
