"""`groundcrew bench fuzz` with fewer inputs."""

from pathlib import Path

from tests.bench.bench_fuzz import fuzz

from groundcrew.contracts.observations import MAX_TEXT


def test_no_bad_input_raises_or_is_missing_from_the_count(tmp_path: Path) -> None:
    report = fuzz(20_000, 7, tmp_path, large_every=2_000)  # some of the large ones are nothing but escapes
    assert report.lost == 0
    assert report.file_lines == report.entries == 10_000
    assert report.large == 10
    assert report.triggers > 0
    assert report.longest == MAX_TEXT
