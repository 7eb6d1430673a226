"""Rules of the whole test run."""

import os

import pytest

STRICT = "GROUNDCREW_TEST_STRICT"
"""Set in CI: a test that skips for want of a Debian package fails the run."""


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get(STRICT) or reporter is None:
        return
    reasons = {str(report.longrepr) for report in reporter.stats.get("skipped", [])}
    missing = sorted(reason for reason in reasons if "Debian's package" in reason)
    if missing:
        reporter.write_line(f"{STRICT}: these skips are failures here:", red=True)
        for reason in missing:
            reporter.write_line(f"  {reason}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
