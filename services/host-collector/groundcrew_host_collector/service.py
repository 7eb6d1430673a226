"""Wires the host collector."""

import socket

from groundcrew.contracts.streams import Buckets
from groundcrew.diagnosis.lines import LineReader
from groundcrew.runtime.inventory import InventoryView
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.statuses import Statuses
from groundcrew_host_collector import machine
from groundcrew_host_collector.collector import Collector, absent_where
from groundcrew_host_collector.delivery import Delivery
from groundcrew_host_collector.files import DEFAULT_GLOBS, FilesSource
from groundcrew_host_collector.journal import JournalSource
from groundcrew_host_collector.kmsg import KmsgSource
from groundcrew_host_collector.ledger import Ledger
from groundcrew_host_collector.metrics import HostMetrics
from groundcrew_host_collector.sar import SarFiles
from groundcrew_host_collector.sar_history import SarHistory
from groundcrew_host_collector.settings import HostCollectorSection, Settings
from groundcrew_host_collector.source import LogSource
from groundcrew_host_collector.syslog import SyslogSource
from groundcrew_host_collector.units import Units


async def wire(settings: Settings, resources: Resources) -> None:
    """Open the cursor file, make the sources, start one root task for each. Raises LedgerError."""
    wanted = settings.host_collector
    clock, log = resources.clock, resources.log
    host_name = wanted.host or socket.gethostname()
    ledger = Ledger.open(wanted.state_dir)
    resources.stack.push_async_callback(ledger.flush)
    statuses = Statuses(clock)
    delivery = Delivery(
        bus=resources.bus,
        host_name=host_name,
        clock=clock,
        produced_by=resources.produced_by,
        registry=resources.registry,
        log=log,
    )
    collector = Collector(
        delivery=delivery,
        ledger=ledger,
        statuses=statuses,
        clock=clock,
        probe_s=wanted.probe_s,
        registry=resources.registry,
        log=log,
    )

    for source, on in _log_sources(wanted, host_name, resources):
        if on:
            resources.health.add(source.name, statuses.check(source.name), required=False)
            resources.tasks.spawn(source.name, collector.log_source(source))
        else:
            statuses.switched_off(source.name)
    if wanted.syslog_udp or wanted.syslog_tcp or wanted.syslog_tls:
        inventory = InventoryView(log)
        bucket = await resources.bus.key_value(Buckets.INVENTORY)
        await bucket.watch(inventory.changed)
        syslog = SyslogSource(
            wanted=wanted,
            folder=wanted.state_dir / "syslog",
            inventory=inventory,
            clock=clock,
            boot_us=lambda: machine.boot_us(clock),
            registry=resources.registry,
        )
        resources.health.add(syslog.name, statuses.check(syslog.name), required=False)
        resources.tasks.spawn(syslog.name, collector.log_source(syslog))
    if wanted.metrics == "on":
        resources.health.add("metrics", statuses.check("metrics"), required=False)
        resources.tasks.spawn("metrics", collector.metrics(HostMetrics(), wanted.metrics_interval_s))
    else:
        statuses.switched_off("metrics")
    if wanted.sar == "on":
        resources.health.add("sar", statuses.check("sar"), required=False)
        files = SarFiles(
            folders=wanted.sar_directories,
            program=wanted.sadf_program,
            days=wanted.sar_days,
            scratch=wanted.state_dir,
            clock=clock,
        )
        history = SarHistory(files=files, delivery=delivery, ledger=ledger, statuses=statuses, clock=clock, log=log)
        resources.tasks.spawn("sar", history.follow(wanted.sar_interval_s))
    else:
        statuses.switched_off("sar")
    if wanted.services != "off":
        resources.health.add("systemd", statuses.check("systemd"), required=False)
        units = Units(path=wanted.systemctl_path, wanted=wanted.services)
        resources.tasks.spawn("systemd", collector.units(units, wanted.services_interval_s))
    else:
        statuses.switched_off("systemd")
    resources.tasks.spawn("inventory", collector.inventory(machine.facts))
    resources.tasks.spawn("cursors", collector.flush())


def _log_sources(wanted: HostCollectorSection, host_name: str, resources: Resources) -> list[tuple[LogSource, bool]]:
    """The sources of log lines, and whether each is switched on."""
    clock = resources.clock

    def boot_us() -> int:
        return machine.boot_us(clock)

    journal = JournalSource(
        program=wanted.journal_program,
        directory=wanted.journal_directory,
        since_s=wanted.since_s,
        entry_hosts=wanted.journal_hosts == "entry",
        clock=clock,
        boot_us=boot_us,
    )
    journals = [] if wanted.journal == "off" else [journal]
    followed_instead = absent_where(journals, "the journal is followed instead")
    always = absent_where([], "")
    files = FilesSource(
        patterns=DEFAULT_GLOBS if wanted.files is None else tuple(wanted.files),
        from_end=wanted.files_start == "end",
        poll_s=wanted.poll_s,
        reader=LineReader(host_name),
        instead=followed_instead if wanted.files is None else always,
        clock=clock,
        boot_us=boot_us,
        log=resources.log,
    )
    kmsg = KmsgSource(
        path=wanted.kmsg_path,
        boot_id=machine.boot_id(),
        since_s=wanted.since_s,
        poll_s=wanted.poll_s,
        instead=followed_instead if wanted.kmsg == "auto" else always,
        clock=clock,
        boot_us=boot_us,
    )
    return [
        (journal, wanted.journal != "off"),
        (files, wanted.files != []),
        (kmsg, wanted.kmsg != "off"),
    ]
