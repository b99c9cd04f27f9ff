"""The bank of hostile and careless submissions, in one process."""

import pytest

from tests.hostile.attack import ALONE
from tests.hostile.bank import ATTACKS
from tests.hostile.harness import grade, placed
from tests.hostile.judging import Runs, faults_of, faults_of_run, outcome

pytestmark = pytest.mark.slow  # each run is a process that imports torch
IN_RUNS = [a for a in ATTACKS if outcome(a, "plain").kind not in ALONE]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Runs:
    """Grade the bank once."""
    return Runs("plain", tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("attack", IN_RUNS, ids=lambda attack: attack.name)
def test_an_attack_comes_to_what_is_due(attack, runs):
    faults = list(faults_of(attack, runs))
    assert not faults, "\n".join(faults)


def test_nothing_else_comes_of_them(runs):
    faults = [fault for run in runs.runs for fault in faults_of_run(run)]
    assert not faults, "\n".join(faults)


SPOILING = [a for a in ATTACKS if a.plain.kind in ALONE]


@pytest.mark.parametrize("attack", SPOILING, ids=lambda attack: attack.name)
def test_what_spoils_a_run_gets_no_more_than_the_table_says(attack, tmp_path):
    [folder] = placed([attack])
    run = grade(folder, tmp_path)
    assert any(map(run.is_done, folder)) == (attack.plain.kind == "gets credit")
    assert (run.changed, run.left) == ([], [])
