"""What a hostile or careless submission is: its text, and what must come of it in each mode."""

from dataclasses import dataclass, field
from string import Template
from textwrap import indent

HEAD = "import os, sys, time, torch\n\n\n"


@dataclass(frozen=True)
class Outcome:
    """What must come of an attack: `told` has the sentences of which the verdict holds one."""

    kind: str  # "refused", "passes", "ends the run" or "gets credit"
    told: tuple[str, ...] = ()


def refused(*told: str) -> Outcome:
    """Expect a verdict that holds one of these sentences, and no other harm."""
    return Outcome("refused", told)


PASSES = Outcome("passes")  # it is right, and what it tries besides comes to nothing
ENDS_THE_RUN = Outcome("ends the run")  # no credit for anything; plain mode can't do better

GETS_CREDIT = Outcome("gets credit")  # what plain mode can't keep from whoever means it

ALONE = ("ends the run", "gets credit")  # spoils the run that it is in


@dataclass(frozen=True)
class Attack:
    """One submission. `$name`, `$solution`, `$reference`, `$hidden` and `$canaries` are filled in:
    the exercise, its right answer's text, the paths of that and of the hidden tests, and a folder
    of files that nobody may touch.
    """

    name: str
    tries: str  # completes "It tries to ..." or says what was overlooked
    source: str | bytes
    plain: Outcome
    isolated: Outcome
    takes_tensors: bool = False  # whether it must stand where a tensor comes in and goes out
    at: str = ""  # the exercise, where it must be one that is differentiated
    place: str = "file"  # or "folder", or "link": what stands where the file should
    beside: dict[str, str] = field(default_factory=dict)  # more files of the learner's folder

    def text(self, values: dict[str, str]) -> bytes:
        """Return the file's bytes for an exercise."""
        if isinstance(self.source, bytes):
            return self.source.replace(b"$name", values["name"].encode())
        return Template(self.source).substitute(values).encode()


def attack(
    name: str,
    tries: str,
    source: str | bytes,
    plain: Outcome,
    isolated: Outcome | None = None,
    **more: object,
) -> Attack:
    """Return an attack; what comes of it is the same in both modes, unless said otherwise."""
    return Attack(name, tries, source, plain, isolated or plain, **more)  # type: ignore[arg-type]


def answering(body: str, before: str = "") -> str:
    """Return a file in which the exercise's function has this body."""
    return f"{HEAD}{before}def $name(*args, **kwargs):\n{indent(body, '    ')}\n"


def right_after(body: str, before: str = "") -> str:
    """Return a file whose function does this first, and then answers rightly."""
    return f"$solution\n\n{HEAD}_right = $name\n{before}\n" + (
        f"def $name(*args, **kwargs):\n{indent(body, '    ')}\n    return _right(*args, **kwargs)\n"
    )


def right_but(body: str, before: str = "") -> str:
    """Return a file whose function has the right result in `right`, and then does this."""
    return f"$solution\n\n{HEAD}_right = $name\n{before}\n" + (
        "def $name(*args, **kwargs):\n    right = _right(*args, **kwargs)\n"
        f"{indent(body, '    ')}\n"
    )
