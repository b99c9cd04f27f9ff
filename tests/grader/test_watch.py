"""The watch: what it takes for a save, what it survives, and what it prints."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from grader.machine import latency, watch
from grader.machine.paths import ROOT, SOLUTIONS

RIGHT = (SOLUTIONS / "activations" / "sharpness.py").read_text(encoding="utf8")
ENDLESS = "def sharpness(*args):\n    while True:\n        pass\n"
CRASHES = "import ctypes\n\n\ndef sharpness(*args):\n    ctypes.string_at(0)\n"
VERDICT = latency.LAST_LINE
needs_processes = pytest.mark.slow  # a watch is a process that imports torch


class Seat:
    """A watch that runs, the folder that it looks at, and a way to hear what it prints."""

    def __init__(self, process: subprocess.Popen, exercises: Path, home: Path) -> None:
        self.process, self.exercises, self.home = process, exercises, home
        self.lines: Queue[str] = Queue()
        self.reader = Thread(target=latency.put_lines, args=(process.stdout, self.lines))
        self.reader.start()

    def save(self, text: str, name: str = "sharpness") -> None:
        """Write as an editor that replaces the file."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".py.new")
        fresh.write_text(text, encoding="utf8")
        fresh.replace(path)

    def path(self, name: str = "sharpness") -> Path:
        return self.exercises / "activations" / f"{name}.py"

    def hear_it_is_done(self) -> str:
        """Return what is printed up to the end of a run that an answer has passed."""
        return self.hear(r"^activations +# +1/1$") + "\n" + self.hear()

    def hear(self, wanted: str | re.Pattern[str] = VERDICT) -> str:
        """Return what is printed up to a line."""
        pattern = re.compile(wanted)
        return "\n".join(latency.wait_for(pattern, self.lines))

    def interrupt(self) -> None:
        """Press Ctrl-C: a terminal sends the signal to all processes in its foreground."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=60)
        self.reader.join()

    def rest(self) -> str:
        return "\n".join(self.lines.get() for _ in range(self.lines.qsize()))


@contextmanager
def sitting(home: Path, *arguments: str, exercises: Path) -> Iterator[Seat]:
    command = [sys.executable, "-u", "-m", "grader", "watch", *arguments]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    with subprocess.Popen(
        command,
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        seat = Seat(process, exercises, home)
        try:
            yield seat
        finally:
            process.terminate()
            seat.reader.join()


@pytest.fixture(scope="module")
def seat(tmp_path_factory) -> Iterator[Seat]:
    """Return a watch of the exercises of another checkout: this one's progress isn't touched."""
    home = tmp_path_factory.mktemp("checkout")
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, home)
    for name in ("grader", "solutions", "tests"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    (home / "exercises").mkdir()
    with sitting(home, exercises=home / "exercises") as seat:
        seat.hear(re.escape(watch.READY))
        yield seat


@needs_processes
def test_a_mistake_is_told_when_it_is_saved_and_what_comes_next_when_it_is_mended(seat):
    seat.save("def sharpness(n, error):\n    return 0.25\n")
    told = seat.hear()
    assert "sharpness: " in told
    assert "returned  " in told
    assert re.search(r"^activations +x +0/1$", told, re.MULTILINE)
    assert max(map(len, told.split("\n"))) <= 80
    seat.save(RIGHT)
    told = seat.hear_it_is_done()
    assert re.search(r"^next: exercises/\w+/\w+\.py\b", told, re.MULTILINE)
    assert [*json.loads((seat.home / ".deepclaims" / "progress.json").read_text())] == ["sharpness"]


@needs_processes
def test_a_file_that_is_no_python_is_told_and_the_next_save_is_graded(seat):
    seat.save("def sharpness(:\n")
    assert re.search(r"activations/sharpness\.py, line 1: .", seat.hear())
    seat.save(RIGHT)
    seat.hear_it_is_done()


@needs_processes
def test_files_go_and_come_back_under_their_names(seat):
    seat.save(RIGHT)
    seat.hear_it_is_done()
    aside = seat.path().with_name("aside.py")
    seat.path().rename(aside)
    seat.hear("^gone: .*sharpness")
    aside.rename(seat.path())
    seat.hear_it_is_done()
    shutil.rmtree(seat.path().parent)
    seat.hear("^gone: .*sharpness")
    seat.save(RIGHT)
    seat.hear_it_is_done()


@needs_processes
def test_files_saved_at_once_are_graded_together(seat):
    for name in ("softmin", "two_class_softmax"):
        seat.save(f"def {name}(*args):\n    return None\n", name)
    told = seat.hear("^activations ")
    if "0/2" not in told:  # the second was saved a moment later: then each has its run
        told += seat.hear("^activations ")
    assert "softmin: " in told
    assert "two_class_softmax: " in told
    seat.hear()


@needs_processes
def test_a_save_ends_what_runs_for_an_older_one(seat):
    seat.save(ENDLESS)
    seat.hear("^collected ")
    seat.save(RIGHT)
    seat.hear_it_is_done()


@needs_processes
def test_an_answer_that_crashes_the_process_ends_its_grading_alone(seat):
    seat.save(CRASHES)
    seat.hear("^sharpness: no verdict: the answer ended the process|^=+ 1 failed")  # or is stopped
    seat.save(RIGHT)
    seat.hear_it_is_done()


@needs_processes
def test_a_grader_that_has_changed_is_told(seat):
    (seat.home / "grader" / "machine" / "hints.py").touch()
    seat.save(RIGHT)
    assert "start the watch again" in seat.hear_it_is_done()


@pytest.fixture
def heard_interrupts():
    """Let Ctrl-C be heard here and in processes that are started: in the background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@needs_processes
@pytest.mark.usefixtures("heard_interrupts")
def test_ctrl_c_ends_it_quietly_even_while_an_answer_runs(tmp_path):
    with sitting(ROOT, f"--target={tmp_path}", exercises=tmp_path) as seat:
        seat.hear(re.escape(watch.READY))
        seat.save(ENDLESS)
        seat.hear("^collected ")
        seat.interrupt()
        assert seat.process.returncode == 0
        assert not re.search("Interrupt|Traceback|Error", seat.rest())


@needs_processes
def test_without_forks_a_new_process_grades(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(watch, "CONTEXT", get_context("spawn"))
    monkeypatch.setattr(watch, "CAN_FORK", False)
    shutil.copytree(SOLUTIONS / "activations", tmp_path / "activations")
    grading = watch.Grading(["sharpness"], tmp_path)
    grading.process.join(timeout=120)
    assert grading.trouble() == ""
    assert " passed in " in capfd.readouterr().out


@pytest.fixture
def looking(tmp_path) -> watch.Watch:
    """Return a watch that looks at a folder and grades nothing."""
    for name in ("sharpness", "softmin"):
        path = tmp_path / "activations" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("one", encoding="utf8")
    return watch.Watch(tmp_path)


def test_only_what_was_saved_is_graded(looking):
    assert looking.changes() == ([], [])
    path = looking.target / "activations" / "softmin.py"
    path.write_text("two, and longer", encoding="utf8")
    assert looking.changes() == (["softmin"], [])
    assert looking.changes() == ([], [])


def test_a_replaced_file_is_saved_even_with_the_same_size_and_time(looking):
    path = looking.target / "activations" / "softmin.py"
    about = path.stat()
    fresh = path.with_suffix(".new")
    fresh.write_text("two", encoding="utf8")
    os.utime(fresh, ns=(about.st_atime_ns, about.st_mtime_ns))
    fresh.replace(path)
    assert looking.changes() == (["softmin"], [])


def test_other_files_are_none_of_its_business(looking):
    for name in ("activations/softmin.py~", "activations/.softmin.py.swp", "activations/4913"):
        (looking.target / name).write_text("", encoding="utf8")
    assert looking.changes() == ([], [])


def test_what_is_interrupted_waits_behind_what_is_saved(looking):
    looking.waiting = [["softmin", "sigmoid"], ["softmax"]]
    looking.put_first(["sharpness", "softmin"])
    assert looking.waiting == [["sharpness", "softmin"], ["sigmoid"], ["softmax"]]


class Ended:
    """A process that is over."""

    def __init__(self, exitcode: int) -> None:
        self.exitcode = exitcode


def ended(exitcode: int, *names: str) -> watch.Grading:
    grading = object.__new__(watch.Grading)
    grading.names, grading.process = list(names), Ended(exitcode)
    return grading


def test_an_answer_that_ended_its_process_is_told(looking, capsys):
    looking.listen(ended(-signal.SIGSEGV, "softmin"))
    printed = capsys.readouterr().out
    assert "softmin: no verdict: the answer ended the process that graded it (SIGSEGV)" in (
        " ".join(printed.split())
    )
    looking.listen(ended(watch.FINISHED, "softmin"))
    assert capsys.readouterr().out == ""
    assert looking.waiting == []


def test_each_is_tried_alone_when_one_of_several_ended_the_process(looking, capsys):
    looking.listen(ended(0, "softmin", "sharpness"))
    assert looking.waiting == [["softmin"], ["sharpness"]]
    assert capsys.readouterr().out == ""


class Hanging:
    """A process that doesn't end until it is killed."""

    exitcode: int | None = None

    def kill(self) -> None:
        self.exitcode = -9

    def join(self) -> None:
        assert self.exitcode is not None


def test_a_grading_whose_time_is_up_is_killed(looking, capsys):
    grading = ended(0, "softmin")
    grading.process = Hanging()
    grading.deadline = float("inf")
    looking.listen(grading)
    assert grading.process.exitcode is None
    grading.deadline = 0.0
    looking.listen(grading)
    assert grading.process.exitcode == -9
    assert "softmin: no verdict after 60 s." in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_refused(capsys):
    from grader.__main__ import main

    with pytest.raises(SystemExit) as ended:
        main(["watch", "--target=nowhere"])
    assert ended.value.code == 2
    assert "'nowhere' is no folder" in capsys.readouterr().err
