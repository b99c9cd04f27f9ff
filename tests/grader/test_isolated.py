"""An answer in a process apart: results, gradients and state come through; nothing else does."""

import os
import sys
from pathlib import Path

import pytest
import torch

from grader.machine.paths import SOLUTIONS, TESTS
from grader.words.check import check, check_gradient
from grader.words.exercise import Exercise
from grader.words.verdict import Broken, Forbidden, Mismatch, Stopped

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

if hasattr(os, "fork"):
    from grader.machine import isolated, walls
    from grader.machine.limits import Clock
    from grader.machine.subject import Subject

HEAD = "import os, sys, torch\n"


@pytest.fixture
def apart(tmp_path):
    """Return a way to make a subject that runs apart, of the text of its file."""
    made = []

    def make(text: str, name: str = "double", seconds: float = 20.0, **about) -> Subject:
        path = tmp_path / f"{name}.py"
        path.write_text(HEAD + text)
        exercise = Exercise(level="core", **about)
        subject = Subject("losses", name, str(tmp_path), exercise, path=path, apart=True)
        subject.answer.clock = Clock(seconds)
        made.append(subject)
        return subject

    yield make
    for subject in made:
        subject.answer.end()


@pytest.fixture(scope="module", autouse=True)
def no_nursery_stays():
    """End the process that the children are forked from."""
    yield
    isolated.close()


def test_a_result_comes_through(apart):
    double = apart("def double(x, by=2):\n    return x * by, x.shape, {'by': by}\n")
    x = torch.tensor([1.0, -2.0])
    check(double, x, by=3, want=(torch.tensor([3.0, -6.0]), torch.Size([2]), {"by": 3}))


def test_gradients_come_through(apart):
    double = apart("def double(x, y):\n    return (x * y).exp().sum(0)\n")
    x, y = torch.tensor([[0.5, -1.0], [2.0, 0.25]]).double(), torch.tensor([2.0, 3.0]).double()
    check_gradient(double, x, y, like=lambda x, y: (x * y).exp().sum(0))


def test_a_result_that_is_cut_off_is_told(apart):
    double = apart("def double(x):\n    return x.detach() * 2\n")
    with pytest.raises(Mismatch, match="cut off from the graph"):
        check_gradient(double, torch.ones(2), like=lambda x: x * 2)


def test_a_changed_argument_is_seen(apart):
    double = apart("def double(x):\n    return x.mul_(2)\n")
    with pytest.raises(Mismatch, match="changed its argument 1 in place"):
        check(double, torch.ones(2), want=torch.full((2,), 2.0))


def test_a_generator_moves_on(apart):
    double = apart("def double(g):\n    return torch.rand(2, generator=g)\n")
    mine, theirs = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    for _ in range(2):
        assert torch.equal(double(mine), torch.rand(2, generator=theirs))


def test_a_function_of_the_test_can_be_called(apart):
    double = apart("def double(f, x):\n    return 2 * f(x, by=3.0)\n")
    check(double, lambda x, by: x + by, 1.5, want=9.0)


def test_gradients_come_through_a_function_of_the_test(apart):
    double = apart("def double(f, x, y):\n    return f(x * y, by=y).sum(0) + f(x, by=y)[0]\n")
    x, y = torch.tensor([0.5, -1.0]).double(), torch.tensor([2.0, 3.0]).double()

    def f(z, by):
        return z.exp() * by + 1

    def like(x, y):
        return f(x * y, by=y).sum(0) + f(x, by=y)[0]

    check_gradient(lambda x, y: double(f, x, y), x, y, like=like)


def test_a_function_of_the_test_knows_whether_a_graph_is_wanted(apart):
    double = apart("def double(f, x):\n    with torch.no_grad():\n        return f(x)\n")
    x = torch.ones(2, requires_grad=True)
    assert double(lambda x: torch.tensor(2.0 if x.exp().requires_grad else 3.0), x) == 3


def test_a_function_of_the_test_can_return_one(apart):
    double = apart("def double(f, x):\n    return 2 * f(3)(x)\n")
    check(double, lambda a: lambda x: a + x, 1.5, want=9.0)


def test_a_generator_moves_on_in_a_function_of_the_test(apart):
    double = apart("def double(f, g):\n    return f(g), f(g), f(g=g)\n")

    def f(g):
        return torch.rand(2, generator=g)

    same = torch.Generator().manual_seed(1)
    want = tuple(torch.rand(2, generator=same) for _ in range(3))
    check(double, f, torch.Generator().manual_seed(1), want=want)


def test_gradients_reach_what_an_object_was_made_with(apart):
    text = "class Double:\n    def __init__(self, a): self.a = a\n"
    double = apart(text + "    def step(self, x): return x * self.a\n")
    a, x = torch.tensor([2.0, 3.0], requires_grad=True), torch.ones(2, requires_grad=True)
    y = double(a).step(4 * x)
    assert [g.tolist() for g in torch.autograd.grad(y.sum(), (a, x))] == [[4, 4], [8, 12]]
    assert double(a).a is a


def test_an_argument_that_is_returned_is_the_argument(apart):
    double = apart("def double(x, y):\n    return [x, y, x + y]\n")
    x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    first, second, both = double(x, y)
    assert first is x
    assert second is y
    assert torch.autograd.grad(both.sum(), x)[0].tolist() == [1, 1]


class Scaled(torch.nn.Linear):
    """A layer of the test's own."""


def test_a_module_comes_through(apart):
    text = "    kinds = [type(m).__name__ for m in model.modules()]\n"
    text += "    tied = model[0].weight is model[1].weight and model[2] is model[3]\n"
    double = apart(f"def double(model, x):\n{text}    return kinds, tied, model[0](x)\n")
    relu, first, norm = torch.nn.ReLU(), Scaled(2, 2), torch.nn.BatchNorm1d(2)
    model = torch.nn.Sequential(first, torch.nn.Linear(2, 2, bias=False), relu, relu, norm)
    model[1].weight = first.weight
    x = torch.tensor([[1.0, -2.0]])
    kinds = ["Sequential", "Scaled", "Linear", "ReLU", "BatchNorm1d"]
    check(double, model, x, want=(kinds, True, first(x).detach()))


def test_an_object_keeps_its_state(apart):
    text = "class Double:\n    def __init__(self): self.n = 1\n    def step(self, by):\n"
    double = apart(text + "        self.n *= 2 * by\n        return self.n\n")()
    check(double.step, 3, want=6)
    check(double.step, 1, want=12)
    assert double.n == 12


def test_errors_come_through_with_their_words_and_lines(apart):
    double = apart("def double(x):\n    raise ValueError(f'x is {x}')\n")
    check(double, -1, raises=ValueError, naming={"x": -1})
    with pytest.raises(AssertionError, match=r"raised ValueError: x is 1\n.*double\.py:3: raise"):
        check(double, 1, want=2)


def test_what_is_forbidden_is_seen(apart):
    double = apart(
        "def double(x):\n    return torch.softmax(x, 0)\n", forbid=("softmax",), instead="do it"
    )
    with pytest.raises(Forbidden, match="softmax is not allowed here: do it"):
        double(torch.ones(2))


def test_a_file_that_is_no_python_is_told(apart):
    with pytest.raises(Broken, match=r"double\.py, line 2: "):
        apart("def double(x:\n")(1)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("while True: pass", "timed out after 0.5 s"),
        ("os._exit(0)", r"called posix\.exit|called os\.exit"),
        ("import faulthandler; faulthandler._sigsegv()", r"ended the process \(by SIGSEGV\)"),
        ("sys.exit(0)", "raised SystemExit"),
        ("return open(TESTS).read()", "which is hidden"),
        ("return os.listdir(os.path.dirname(TESTS))", "which is hidden"),
    ],
)
def test_what_would_harm_the_grader_ends_in_a_verdict(apart, body, told):
    text = f"TESTS = {str(TESTS / 'test_suite.py')!r}\ndef double(x):\n    {body}\n"
    double = apart(text, seconds=0.5)
    with pytest.raises(Stopped, match=told):
        double(1)


def test_what_is_only_waited_counts_in_part(apart):
    check(
        apart("import time\ndef double(x): time.sleep(0.3); return 2 * x\n", seconds=0.2), 3, want=6
    )
    with pytest.raises(Stopped, match=r"timed out after 0\.2 s"):
        apart("import time\ndef double(x): time.sleep(30)\n", seconds=0.2)(3)


def test_after_its_end_an_answer_gets_another_process(apart):
    double = apart("def double(x):\n    if x < 0: os.kill(os.getpid(), 9)\n    return 2 * x\n")
    check(double, 3, want=6)
    with pytest.raises(Stopped):
        double(-1)
    check(double, 4, want=8)


ESCAPE = """
import ctypes
def double(what):
    libc = ctypes.CDLL(None, use_errno=True)  # below Python, where no audit hook looks
    if what == "fork":
        return libc.fork()
    if what == "socket":
        return libc.socket(2, 1, 0)
    path = what.encode()
    return libc.open(path, 0) if not what.startswith("+") else libc.creat(path[1:], 0o600)
"""


@pytest.mark.skipif("seccomp" not in (walls.there() if hasattr(os, "fork") else ()), reason="Linux")
@pytest.mark.parametrize(
    "what", ["fork", "socket", str(TESTS / "test_suite.py"), str(SOLUTIONS), "/etc/passwd"]
)
def test_the_walls_hold_below_python(tmp_path, what):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # as the nursery's child, without the fence
        try:
            walls.lock(tmp_path, 1 << 30, 10)
            space: dict = {}
            exec(ESCAPE, space)  # noqa: S102
            os.write(write, str(space["double"](what)).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as told:
        assert told.read() == "-1"


@pytest.mark.skipif(
    "Landlock" not in (walls.there() if hasattr(os, "fork") else ()), reason="Linux"
)
def test_nothing_can_be_written(tmp_path):
    child = os.fork()
    if child == 0:
        try:
            walls.lock(tmp_path, 1 << 30, 10)
            for name in (tmp_path / "new", Path("/dev/shm/new"), Path(sys.prefix) / "new"):
                try:
                    name.write_text("x")
                    os._exit(1)
                except OSError:
                    pass
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
