"""An answer in the grader's own process: what it may not do, how long it may take, what it leaves."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
import torch

from grader.machine import catalogue, state
from grader.machine.answer import Answer
from grader.machine.custody import custody
from grader.machine.limits import Clock
from grader.machine.paths import ROOT, SOLUTIONS, TESTS
from grader.words.verdict import Broken, Stopped

posix = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no alarms here")


@pytest.fixture
def answer(tmp_path):
    """Return a way to make an answer of the text of its file."""

    def make(body: str, seconds: float = 0, head: str = "import os, sys, torch\n") -> Answer:
        path = tmp_path / "act.py"
        path.write_text(f"{head}def act(*args):\n    {body}\n")
        return Answer("act", path, clock=Clock(seconds))

    return make


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (f"open({str(TESTS / 'test_suite.py')!r})", "opened `test_suite.py`, which is hidden"),
        (f"os.listdir({str(SOLUTIONS)!r})", "looked into `solutions`, which is hidden"),
        (f"open({str(ROOT / '.git' / 'HEAD')!r})", "opened `HEAD`, which is hidden"),
        ("open(args[0], 'w')", "opened `there` to write into it"),
        ("os.remove(args[0])", "called os.remove"),
        ("os.rename(args[0], args[0] + 'x')", "called os.rename"),
        ("import shutil; shutil.rmtree(os.path.dirname(args[0]))", "which|called shutil.rmtree"),
        ("os.system('true')", "called os.system"),
        ("import subprocess; subprocess.run(['true'])", "called subprocess.Popen"),
        ("os.fork()", "called os.fork"),
        ("os.kill(os.getpid(), 0)", "called os.kill"),
        ("os._exit(0)", "called posix.exit|called os.exit|called nt.exit"),
        ("import socket; socket.socket()", "called socket.__new__"),
        ("import ctypes; ctypes.string_at(0)", "called ctypes"),
        ("import gc; gc.get_objects()", "called gc.get_objects"),
        ("sys._getframe(1)", "looked at the call stack"),
        ("import inspect; inspect.stack()", "looked at the call stack"),
        ("sys.settrace(print)", "called sys.settrace"),
        ("sys.addaudithook(print)", "called sys.addaudithook"),
        ("import atexit; atexit.register(print)", "called atexit.register"),
        ("import signal; signal.alarm(0)", "called signal.alarm"),
        ("import threading; threading.Thread(target=print).start()", "start_new_thread"),
        ("compile('0', torch.__file__, 'eval')", "pretended to be another file"),
        ("sys.exit(0)", "raised SystemExit: it would have ended the run"),
        ("raise KeyboardInterrupt", "raised KeyboardInterrupt: it would have ended the run"),
    ],
)
def test_an_answer_is_kept_within_its_fence(answer, tmp_path, body, told):
    there = tmp_path / "kept" / "there"
    there.parent.mkdir()
    there.write_text("kept")
    with pytest.raises(Stopped, match=told):
        answer(body).call(str(there))
    assert there.read_text() == "kept"


def test_what_it_catches_is_told_all_the_same(answer):
    with pytest.raises(Stopped, match=r"called os\.system"):
        answer("try: os.system('true')\n    except BaseException: return 3").call()


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ("with open(__file__) as file: return file.read()[:6]", "import"),
        ("import fractions; return fractions.Fraction(1, 2) * 2", 1),
        ("from dataclasses import make_dataclass; return make_dataclass('P', ['x'])(3).x", 3),
        ("from collections import namedtuple; return namedtuple('P', 'x')(3).x", 3),
        ("import inspect; return len(inspect.signature(act).parameters)", 1),
        ("import traceback; return traceback.format_exc()[:8]", "NoneType"),
        ("import warnings; warnings.warn('look', stacklevel=2); return 3", 3),
        ("import scipy.special; return scipy.special.comb(3, 1)", 3.0),
        ("return torch.compiler.is_compiling()", False),
    ],
)
@pytest.mark.filterwarnings("ignore:look")
def test_honest_answers_don_t_meet_the_fence(answer, body, want):
    assert answer(body).call() == want


def test_outside_an_answer_nothing_is_fenced(answer, tmp_path):
    answer("return 3").call()
    (tmp_path / "new").write_text("free")
    assert threading.Thread(target=gc.collect).start() is None
    assert sys._getframe() is not None


def test_what_an_answer_leaves_behind_is_fenced_as_well(answer, tmp_path):
    later = answer("return lambda: open(args[0], 'w'), lambda: os._exit(3)").call(
        str(tmp_path / "x")
    )
    for act in later:
        with pytest.raises(Stopped, match=r"to write into it|called (posix|os)\.exit"):
            act()
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("body", "told", "read"),
    [
        ("torch.set_default_dtype(torch.float64)", "default dtype", torch.get_default_dtype),
        ("torch.set_grad_enabled(False)", "grad mode", torch.is_grad_enabled),
        ("torch.set_num_threads(7)", "number of threads", torch.get_num_threads),
        (
            "torch.use_deterministic_algorithms(True)",
            "deterministic flag",
            torch.are_deterministic_algorithms_enabled,
        ),
        ("os.chdir(os.sep)", "the working directory", os.getcwd),
        ("os.environ['DEEPCLAIMS'] = '1'", "environment", lambda: dict(os.environ)),
        ("sys.path.insert(0, 'x')", "import path", lambda: list(sys.path)),
        ("sys.setrecursionlimit(50_000)", "recursion limit", sys.getrecursionlimit),
        ("import gc; gc.disable()", "garbage collector", gc.isenabled),
    ],
)
def test_what_all_code_shares_is_put_back_and_told(answer, body, told, read):
    before = read()
    with pytest.raises(Stopped, match=told):
        answer(body).call()
    assert read() == before


def test_random_states_and_warnings_are_put_back_silently(answer):
    torch.manual_seed(3)
    want = torch.rand(2)
    torch.manual_seed(3)
    filters = list(warnings.filters)
    answer("torch.manual_seed(0); import warnings; warnings.simplefilter('ignore')").call()
    assert torch.equal(torch.rand(2), want)
    assert warnings.filters == filters


def test_replaced_names_are_put_back_and_named():
    state.remember_names()
    close, equal = torch.isclose, torch.Tensor.__eq__
    torch.isclose = torch.Tensor.__eq__ = lambda *args: True
    assert sorted(state.restored_names()) == ["Tensor.__eq__", "torch.isclose"]
    assert (torch.isclose, torch.Tensor.__eq__) == (close, equal)
    assert state.restored_names() == []


@posix
def test_time_runs_out_over_all_calls_of_a_check(answer):
    body = "import time; t = time.process_time\n    end = t() + 0.15\n    while t() < end: pass"
    slow = answer(body, seconds=0.4)
    slow.call()
    slow.call()
    with pytest.raises(Stopped, match=r"timed out after 0\.4 s"):
        slow.call()
    start = time.perf_counter()
    with pytest.raises(Stopped, match=r"timed out after 0\.4 s"):
        slow.call()
    assert time.perf_counter() - start < 0.15  # told at once: the time is up


@posix
def test_what_is_only_waited_counts_in_part(answer):
    """A crowded machine looks like that from within: time passes, and no work is done."""
    answer("import time; time.sleep(0.15)", seconds=0.1).call()
    with pytest.raises(Stopped, match=r"timed out after 0\.1 s"):
        answer("import time; time.sleep(9)", seconds=0.1).call()


@posix
def test_a_known_answer_that_never_ends_is_stopped_as_well():
    def forever():
        while True:
            pass

    known = Answer("act", given=forever, is_learners=False, clock=Clock(0.1))
    with pytest.raises(Stopped, match=r"timed out after 0\.1 s"):
        known.call()


@posix
def test_a_loop_that_catches_everything_is_left(answer):
    body = "while True:\n        try: [0 for _ in range(9)]\n        except BaseException: pass"
    with pytest.raises(Stopped, match="timed out"):
        answer(body, seconds=0.1).call()


@posix
def test_a_clock_within_a_clock_leaves_the_outer_running():
    def twice() -> None:
        with Clock(0.2).running():
            with Clock(5).running():
                pass
            time.sleep(2)

    with pytest.raises(Stopped, match=r"timed out after 0\.2 s"):
        twice()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux alone")
def test_memory_is_limited(answer):
    with pytest.raises(MemoryError):
        answer("return bytearray(1 << 36)").call()


@pytest.fixture
def heard_interrupts():
    """Let Ctrl-C be heard here and in processes that are started: in the background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@posix
@pytest.mark.usefixtures("heard_interrupts")
def test_a_person_s_interrupt_comes_through(tmp_path):
    def interrupted() -> None:
        with custody(tmp_path / "a.py", Clock(0)):
            signal.getsignal(signal.SIGINT)(signal.SIGINT, None)

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_a_link_to_a_solution_is_no_answer(tmp_path):
    path = tmp_path / "softmax.py"
    path.symlink_to(SOLUTIONS / "activations" / "softmax.py")
    with pytest.raises(Broken, match="is a link to what is hidden"):
        Answer("softmax", path).call(torch.ones(2))


def test_a_folder_in_place_of_the_file_is_told(tmp_path):
    (tmp_path / "act.py").mkdir()
    with pytest.raises(Broken, match="there is no file"):
        Answer("act", Path(tmp_path / "act.py")).call()


@pytest.mark.slow
def test_a_loop_that_hears_of_no_alarm_ends_the_run_with_a_sentence(tmp_path):
    name, path = next(iter(catalogue.paths().items()))
    (tmp_path / path.parent.name).mkdir()
    endless = f"def {name}(*args, **kwargs):\n    max(iter(int, 1))\n"
    (tmp_path / path.parent.name / f"{name}.py").write_text(endless)
    command = [sys.executable, "-m", "pytest", name, f"--target={tmp_path}", "--time-limit=0.2"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode != 0
    assert "timed out after 0.2 s in check 1 of" in done.stderr
    assert "doesn't let itself be stopped: the run ends here." in done.stderr
