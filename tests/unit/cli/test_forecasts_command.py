"""`groundcrew forecasts HOST`: what will be used up, with the range that it lies in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundcrew.contracts.queries import Forecast, ForecastsReply
from groundcrew_cli import foretelling

NOW = datetime(2026, 3, 4, 2, 36, tzinfo=UTC)
WEAR = Forecast(
    id="nvme.wear", title="nvme0 has taken the writes that it is rated for", component_class="nvme", component="nvme0",
    metric="smart_percentage_used", unit="percent", value=91.5, limit=100, per_day=0.5,
    soonest=NOW + timedelta(days=12), likely=NOW + timedelta(days=17), points=90,
    back_test=0.034,
)  # fmt: skip


class Answering:
    """A gateway that gives one answer."""

    def __init__(self, reply: ForecastsReply) -> None:
        self.asked: list[str] = []
        self._reply = reply

    def get(self, model: Any, path: str) -> Any:
        assert model is ForecastsReply
        self.asked.append(path)
        return self._reply


def test_a_forecast_is_told_with_its_range(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Answering(ForecastsReply(forecasts=[WEAR], series=4))
    foretelling.show(gateway, "web 01", as_json=False, now=NOW)  # type: ignore[arg-type]
    out = capsys.readouterr().out
    assert gateway.asked == ["hosts/web%2001/forecasts"]
    for told in (
        "in 17 days",
        "nvme.wear",
        "rated for",
        "and never",
        "91.5 of 100 percent",
        "+0.5 a day",
        "90 points",
        "back-test off by 3%",
    ):
        assert told in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(("series", "said"), [(4, "nothing is being used up"), (0, "nothing to go by")])
def test_nothing_ahead_is_said(capsys: pytest.CaptureFixture[str], series: int, said: str) -> None:
    foretelling.show(Answering(ForecastsReply(forecasts=[], series=series)), "n1", as_json=False, now=NOW)  # type: ignore[arg-type]
    assert said in capsys.readouterr().out
