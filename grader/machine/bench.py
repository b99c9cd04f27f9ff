"""The benchmarks: which are run, how a race is timed by pytest-benchmark, what is left behind."""

import json
import statistics
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader.machine.paths import LEFT_BEHIND, SOLUTIONS, relative
from grader.machine.plugin import RUN, subject_of

if TYPE_CHECKING:
    from grader.machine.subject import Subject
    from grader.machine.track import Heat, Track
    from grader.words.bench import Race

FEWEST, MOST = 5, 50  # laps
SECONDS = {"cpu": 0.5, "gpu": 10.0}  # of a race, all told, if it isn't over after the fewest laps
NOT_ASKED = "benchmarks run with --bench=cpu or --bench=gpu"


@dataclass
class Meeting:
    """The benchmarks of one run of pytest."""

    where: str  # "cpu" or "gpu"
    races: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # node id -> entries
    timings: list[Any] = field(default_factory=list)  # as pytest-benchmark keeps them
    machine: dict[str, Any] = field(default_factory=dict)
    chosen: int = 0  # how many benchmarks there are to run
    skipped: str = ""  # why
    untimed: bool = False  # pytest-benchmark was told to time nothing

    @cached_property
    def track(self) -> "Track":
        """The device, once something runs on it."""
        from grader.machine.track import Track

        return Track("cuda" if self.where == "gpu" else "cpu")


MEETING = pytest.StashKey[Meeting]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a person may choose."""
    group = parser.getgroup("deepclaims")
    group.addoption(
        "--bench",
        choices=sorted(SECONDS),
        help="run the benchmarks only: small on the CPU, or at full size on a GPU",
    )
    group.addoption(
        "--bench-into",
        type=Path,
        default=LEFT_BEHIND,
        metavar="FOLDER",
        help="where benchmarks leave benchmarks.json and benchmarks.png (default: .deepclaims)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Turn the selection of tests round, and let one table speak."""
    if config.option.bench:
        config.stash[MEETING] = Meeting(config.option.bench)
        config.option.benchmark_quiet = True
        if config.option.markexpr == "not gpu":  # from pyproject.toml; a person's own -m stays
            config.option.markexpr = ""


def lacks_for_gpu() -> str:
    """Say what keeps benchmarks from running on a GPU; nothing if they can."""
    import torch

    if torch.cuda.is_available():
        return ""
    small = "`nox -s bench` runs the benchmarks small on the CPU"
    if torch.version.cuda is None:
        return f"torch {torch.__version__} is built without CUDA; {small}"
    return f"torch finds no CUDA device on this machine; {small}"


def is_benchmark(item: pytest.Item) -> bool:
    """Whether an item is a benchmark and not a test."""
    return getattr(item, "originalname", item.name).startswith("bench_")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select, and choose the clock; on the CPU, tests that need a GPU stay out.

    What runs without `--bench` is the business of pytest's own `-m`.
    """
    meeting = config.stash.get(MEETING, None)
    if meeting is None:
        return
    chosen = [item for item in items if item.get_closest_marker("gpu")]
    if meeting.where == "cpu":
        chosen = [item for item in chosen if is_benchmark(item)]
    else:
        meeting.skipped = lacks_for_gpu() if chosen else ""
    kept = set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen
    for item in chosen:
        if meeting.skipped:
            item.add_marker(pytest.mark.skip(reason=meeting.skipped))
        elif is_benchmark(item):
            item.add_marker(pytest.mark.benchmark(timer=meeting.track.clock, disable_gc=True))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs a GPU where there is none, however it was selected."""
    needs_one = item.get_closest_marker("gpu") and not is_benchmark(item)
    if needs_one and (lack := lacks_for_gpu()):
        pytest.skip(lack)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count what is left after `-k`."""
    if meeting := session.config.stash.get(MEETING, None):
        meeting.chosen = len(session.items)


@pytest.fixture
def race(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Start a race: `race(subject, torch=..., inputs=..., ...)`, declared as in words.bench."""
    from grader.words.bench import Race

    meeting = request.config.stash.get(MEETING, None)
    if meeting is None:
        pytest.skip(NOT_ASKED)

    def start(subject: Any, **declared: Any) -> None:
        run(Race(subject=subject, **declared), request, meeting)

    return start


def run(race: "Race", request: pytest.FixtureRequest, meeting: Meeting) -> None:
    """Check the answer, then time all contestants in turn on the same data."""
    import torch

    from grader.machine.track import Heat, take

    contestants = {
        "subject": race.entrant(race.subject.bare),
        "reference": race.entrant(reference(race.subject)),
        "torch": race.torch,
    }
    heat = Heat(race, contestants, meeting.track, torch.initial_seed())
    heat.check_first()
    with heat.blaming():
        laps = max(FEWEST, min(MOST, int(SECONDS[meeting.where] / heat.rehearse())))
        benchmark = request.getfixturevalue("benchmark")
        benchmark.group = f"{race.subject.chapter}/{race.subject.name}"
        benchmark.pedantic(
            take,
            setup=heat.setup,
            teardown=heat.teardown,
            rounds=laps * heat.turns_in_a_lap,
            warmup_rounds=heat.turns_in_a_lap,
        )
    if benchmark.disabled:  # by pytest-xdist, or on request
        meeting.untimed = True
        return
    warm = heat.order[heat.turns_in_a_lap :]
    seconds = dict[tuple[str, str], list[float]]()
    for who, duration in zip(warm, benchmark.stats.stats.data, strict=True):
        seconds.setdefault(who, []).append(duration)
    meeting.timings.append(benchmark.stats)
    meeting.races[request.node.nodeid] = entries(heat, seconds, request.node)


def reference(subject: "Subject") -> Any:
    """Return the reference solution of a subject's exercise, bare."""
    path = SOLUTIONS / subject.chapter / f"{subject.name}.py"
    return replace(subject, label="solutions", path=path, given=None).bare


def entries(
    heat: "Heat", seconds: dict[tuple[str, str], list[float]], node: pytest.Item
) -> list[dict[str, Any]]:
    """Return what pytest-benchmark would have said, had each contestant run alone."""
    from pytest_benchmark.stats import Stats

    made = []
    subject = heat.race.subject
    title = node.name.partition("[")[0].removeprefix("bench_").replace("_", " ")
    for direction, contestant in sorted(seconds, key=_place):
        taken = seconds[direction, contestant]
        cost, median = heat.costs[direction], statistics.median(taken)
        stats = Stats()
        for duration in taken:
            stats.update(duration)
        pairs = zip(taken, seconds[direction, "torch"], strict=True)  # each on the same data
        facts = {
            "title": title,
            "size": list(heat.size),
            "direction": direction,
            "contestant": contestant,
            "answer": subject.label if contestant == "subject" else contestant,
            "bytes": cost.bytes,
            "flops": cost.flops,
            "time_over_torchs": statistics.median(mine / torchs for mine, torchs in pairs),
            "bytes_per_second": cost.bytes / median,
            "flops_per_second": cost.flops / median,
            "share_of_copy_bandwidth": cost.bytes / median / heat.track.bandwidth,
        }
        param = f"{direction}-{contestant}"
        made.append(
            {
                "group": f"{subject.chapter}/{subject.name}: {title}",
                "name": f"{node.name}[{param}]",
                "fullname": f"{node.nodeid}[{param}]",
                "params": {"direction": direction, "contestant": contestant},
                "param": param,
                "extra_info": facts,
                "options": {},
                "stats": {**stats.as_dict(), "data": taken, "iterations": 1},
            }
        )
    return made


def _place(who: tuple[str, str]) -> tuple[bool, int]:
    """Order a table: forward first, and torch, the measure, before the others."""
    direction, contestant = who
    return direction == "backward", ("torch", "reference", "subject").index(contestant)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Generator:
    """Tell a person whose answer is at fault so, in the words of a failed test."""
    made: Any = yield
    if not made.failed or not is_benchmark(item) or item.config.stash[RUN].maintainer:
        return made
    from grader.machine import report
    from grader.words.verdict import Verdict

    subject = subject_of(item)
    if subject and call.excinfo and call.excinfo.errisinstance(Verdict):
        made.longrepr = report.for_learner(call.excinfo, subject)
    return made


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(
    config: pytest.Config, benchmarks: list[Any], output_json: dict[str, Any]
) -> None:
    """Give each contestant of a race an entry of its own: they were timed in turn."""
    meeting = config.stash.get(MEETING, None)
    if meeting:
        split = [meeting.races.get(e["fullname"], [e]) for e in output_json["benchmarks"]]
        output_json["benchmarks"] = [entry for race in split for entry in race]


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_generate_machine_info(config: pytest.Config) -> dict[str, Any] | None:
    """Say what the numbers depend on, without asking a slow tool."""
    meeting = config.stash.get(MEETING, None)
    if meeting is None:
        return None
    import platform

    import torch

    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "python_version": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "device": meeting.track.name,
        "on_gpu": meeting.track.on_gpu,
        "dtype": "float32",
        "copy_bytes_per_second": meeting.track.bandwidth,
    }


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave the numbers and the plot behind."""
    config = session.config
    meeting = config.stash.get(MEETING, None)
    if meeting is None or not meeting.races:
        return
    from grader.machine import bench_report

    hook = config.hook
    found = hook.pytest_benchmark_generate_json(
        config=config,
        benchmarks=meeting.timings,
        include_data=True,
        machine_info=hook.pytest_benchmark_generate_machine_info(config=config),
        commit_info=hook.pytest_benchmark_generate_commit_info(config=config),
    )
    hook.pytest_benchmark_update_json(config=config, benchmarks=meeting.timings, output_json=found)
    folder: Path = config.option.bench_into
    folder.mkdir(parents=True, exist_ok=True)
    meeting.machine = found["machine_info"]
    (folder / "benchmarks.json").write_text(json.dumps(found, indent=1), encoding="utf8")
    bench_report.draw(found, folder / "benchmarks.png")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, or why there is none."""
    meeting = config.stash.get(MEETING, None)
    if meeting is None:
        return
    if getattr(config.option, "numprocesses", None):  # the workers chose, and timed nothing
        meeting.chosen, meeting.untimed = 1, True
    for line in _summary(meeting, config.option.bench_into):
        terminalreporter.write_line(line)


def _summary(meeting: Meeting, folder: Path) -> list[str]:
    from grader.machine import bench_report
    from grader.words.show import sentence

    if meeting.races:
        found = [entry for race in meeting.races.values() for entry in race]
        data = {"machine_info": meeting.machine, "benchmarks": found}
        left = [relative(folder / f"benchmarks.{kind}") for kind in ("json", "png")]
        return ["", *bench_report.table(data), "", *(f"wrote {path}" for path in left)]
    why = "no benchmark passed its checks"
    if meeting.skipped:
        why = meeting.skipped
    elif not meeting.chosen:
        why = "no benchmark was chosen; those of an exercise run once it is begun"
    elif meeting.untimed:
        why = "the answers were checked, but pytest-benchmark is switched off"
    return ["", *sentence(f"Nothing was timed: {why}.").split("\n")]
