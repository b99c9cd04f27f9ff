"""The ledger refuses rows without evidence, and the report puts errata first."""

from dataclasses import replace

import pytest

from grader.machine import ledger
from grader.machine.ledger import Claim

SOUND = Claim(
    id="S0-001",
    chapter="graphs",
    source="somewhere",
    statement="All that is so is so.",
    verdict="conditional",
    why="Only where it is.",
    tests=("tests/notes/test_graphs.py::test_it",),
    counterexamples=("tests/notes/test_graphs.py::test_it",),
)


def test_a_row_with_its_evidence_is_sound():
    assert SOUND.faults() == []
    assert replace(SOUND, verdict="holds", why="", counterexamples=()).faults() == []
    assert replace(SOUND, verdict="opinion", tests=(), counterexamples=()).faults() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"verdict": "maybe"}, "verdict is 'maybe'"),
        ({"why": ""}, "needs a why"),
        ({"verdict": "opinion", "why": ""}, "needs a why"),
        ({"tests": ()}, "no test carries its id"),
        ({"counterexamples": ()}, "no @counterexample"),
        ({"statement": ""}, "statement or source is empty"),
    ],
)
def test_a_fault_is_told_with_the_claims_id(change, told):
    faults = replace(SOUND, **change).faults()
    assert any(told in fault and fault.startswith("S0-001") for fault in faults)


def test_the_report_tells_errata_before_all_chapters():
    text = ledger.report()
    heads = [line for line in text.split("\n") if line.startswith("## ")]
    assert heads[0].startswith("## Errata")
    assert heads[-1] == "## All chapters"
    assert all(claim.id in text for claim in ledger.claims())


def test_every_counterexample_is_evidence_too():
    for claim in ledger.claims():
        assert set(claim.counterexamples) <= set(claim.tests)
