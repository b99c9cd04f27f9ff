"""Stubs keep what the learner needs, give nothing away, and never cost anybody's work."""

from pathlib import Path

import pytest

from grader.machine import stubs

SOLUTION = '''"""About."""

import torch

KINDS = ("one", "two")
_TABLE = {
    "two": 2,
}


def twice(x: int) -> int:
    """Two times x.

    >>> twice(2)
    4
    """
    # The lesson.
    return _helper(x)


def _helper(x):
    return _TABLE["two"] * x


_BY_NAME: dict = {"twice": _helper}


class Counter:
    """Counts."""

    def __init__(self, start: int) -> None:
        """Begin at `start`."""
        self.n = start

    def step(self) -> int:
        """Add one."""
        self.n += self._one()
        return self.n

    def _one(self):
        return 1
'''

STUB = '''"""About."""

import torch

KINDS = ("one", "two")


def twice(x: int) -> int:
    """Two times x.

    >>> twice(2)
    4
    """
    raise NotImplementedError


class Counter:
    """Counts."""

    def __init__(self, start: int) -> None:
        """Begin at `start`."""
        raise NotImplementedError

    def step(self) -> int:
        """Add one."""
        raise NotImplementedError
'''


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """Move the project's folders to an empty place."""
    for name in ("exercises", "solutions"):
        (tmp_path / name / "numbers").mkdir(parents=True)
        monkeypatch.setattr(stubs, name.upper(), tmp_path / name)
    monkeypatch.setattr(stubs, "LEFT_BEHIND", tmp_path / ".deepclaims")
    (tmp_path / "solutions" / "numbers" / "twice.py").write_text(SOLUTION)
    return tmp_path


def test_a_stub_has_the_signatures_and_docstrings_and_no_body():
    assert stubs.stub(SOLUTION) == STUB
    assert stubs.stub(STUB) == STUB


def test_a_public_function_without_a_docstring_is_refused():
    with pytest.raises(ValueError, match="step has no docstring"):
        stubs.stub("class C:\n    def step(self):\n        return 1\n")


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        (STUB, False),
        (STUB.replace("Two times x", "Twice x") + "\n# a note to myself\n", False),
        (STUB.replace("raise NotImplementedError", "return 2 * x", 1), True),
        (STUB.replace("    raise Not", "    x += 1\n    raise Not", 1), True),
        (STUB + "\n\ndef helper(x):\n    return x\n", True),
        (STUB + "\nprint(1)\n", True),
        ("def twice(x:\n", True),
        ("", True),
        ("\x00", True),
    ],
)
def test_begun_is_told_without_running(tmp_path, text, begun):
    path = tmp_path / "twice.py"
    path.write_text(text)
    assert stubs.is_begun(path) is begun
    assert not stubs.is_begun(tmp_path / "missing.py")


def test_missing_and_outdated_stubs_are_written(home):
    path = home / "exercises" / "numbers" / "twice.py"
    assert stubs.write_missing() == [path]
    assert path.read_text() == STUB
    assert stubs.write_missing() == []
    path.write_text(STUB.replace("Two times x", "An older sentence") + "# my note\n")
    assert stubs.write_missing() == [path]
    kept = home / ".deepclaims" / "attempts" / "numbers" / "twice.1.py"
    assert kept.read_text().endswith("# my note\n")


def test_what_somebody_has_begun_is_left_alone(home):
    path = home / "exercises" / "numbers" / "twice.py"
    path.write_text("def twice(x):\n    return x + x\n")
    assert stubs.write_missing() == []
    assert path.read_text() == "def twice(x):\n    return x + x\n"


def test_every_copy_is_kept(home):
    path = home / "exercises" / "numbers" / "twice.py"
    for text in ("one", "two"):
        path.write_text(text)
        stubs.keep_copy(path)
    copies = sorted((home / ".deepclaims" / "attempts" / "numbers").iterdir())
    assert [copy.read_text() for copy in copies] == ["one", "two"]
