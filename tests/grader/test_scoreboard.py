"""What a run comes to: done, to mend, survivors, mistakes that aren't named."""

from types import SimpleNamespace

from grader.machine import scoreboard
from grader.machine.matrix import text
from grader.machine.scoreboard import Board

WRONG = ["graphs", "laplacian", "wrong-flipped"]
OWN = ["graphs", "laplacian", "exercises"]


def report(subject, test, outcome="passed", size=2, **more):
    node = f"tests/graphs/test_laplacian.py::{test}"
    return SimpleNamespace(
        subject=subject, nodeid=node, outcome=outcome, size=size, when="call", **more
    )


def rejection(test, said):
    rejected = said is not None
    return report(
        WRONG, test, rejected=rejected, said=said or [], counts=rejected, diagnosis="flip the sign"
    )


def board(*reports):
    made = Board()
    for each in reports:
        made.add(each)
    return made


def test_an_exercise_is_done_when_all_its_tests_pass():
    assert board(report(OWN, "test_a"), report(OWN, "test_b")).state(tuple(OWN)) == "done"
    assert board(report(OWN, "test_a")).state(tuple(OWN)) == "not all tried"
    failed = board(report(OWN, "test_a"), report(OWN, "test_b", "failed"))
    assert failed.state(tuple(OWN)) == "to mend"


def test_a_wrong_answer_that_nothing_rejects_survives():
    alive = board(rejection("test_a", None), rejection("test_b", None))
    assert alive.survivors() == [tuple(WRONG)]
    assert alive.faults() == ["SURVIVES  graphs/laplacian: flipped(): no hidden test rejects it"]
    assert board(rejection("test_a", None)).survivors() == []  # not all of its tests were run


def test_a_wrong_answer_must_be_named_by_the_first_test_that_rejects_it():
    named = board(rejection("test_a", ["flip the sign"]), rejection("test_b", []))
    assert named.faults() == []
    unnamed = board(rejection("test_a", ["count twice"]), rejection("test_b", ["flip the sign"]))
    assert unnamed.faults() == [
        "UNNAMED   graphs/laplacian: flipped(): rejected without its diagnosis"
    ]
    both = board(rejection("test_a", ["flip the sign", "count twice"]))
    assert both.also_said() == {tuple(WRONG): ["count twice"]}


def test_the_matrix_has_a_row_a_test_and_a_column_a_wrong_answer():
    made = board(rejection("test_a", None), rejection("test_b[x]", ["flip the sign"]))
    assert "| test | flipped |" in text(made)
    assert "| a |  |" in text(made)
    assert "| b | x |" in text(made)


def test_a_long_name_keeps_to_80_columns(monkeypatch):
    monkeypatch.setattr(scoreboard, "next_exercise", lambda done: "softmax")
    short = "next: exercises/activations/softmax.py   (pytest -k softmax)"
    assert scoreboard.next_lines(set()) == [short]
    monkeypatch.setattr(scoreboard, "next_exercise", lambda done: "perceptron_predict")
    long = [
        "next: exercises/activations/perceptron_predict.py",
        "      (pytest -k perceptron_predict)",
    ]
    assert scoreboard.next_lines(set()) == long
