"""`--report`, `--gradescope` and JUnit: what an answer is worth, and what the files say of it."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from grader.machine import catalogue
from grader.machine.grade_report import POINTS, GradeReport, credit, put_off
from grader.machine.paths import ROOT, SOLUTIONS

FILE = "tests/activations/test_two_class_softmax.py"
TESTS = ["test_by_hand", "test_b", "test_c", "test_refuses_x", "test_refuses_y"]
REFUSALS = {"test_refuses_x", "test_refuses_y"}


@pytest.mark.parametrize(
    ("passed", "share"),
    [
        (TESTS, 1.0),
        ([], 0.0),
        (REFUSALS, 0.0),  # `raise ValueError`
        (TESTS[1:], 0.0),  # not even the case worked by hand
        (["test_by_hand"], 1 / 5),
        (["test_by_hand", *REFUSALS], 1 / 5 + 2 / 5 / 3),
        (["test_by_hand", "test_b", "test_c"], 3 / 5),
    ],
)
def test_points_are_the_share_of_checks_that_prove_something(passed, share):
    assert credit(TESTS, REFUSALS, {*passed}) == pytest.approx(share)


def test_every_exercise_begins_with_a_check_that_asks_for_a_result():
    for file in catalogue.exercises().values():
        assert next(iter(file.tests)) not in file.refusals
    refusals = catalogue.exercises()["softmax"].refusals
    assert refusals == {
        "test_refuses_a_dimension_that_is_not_there_or_empty",
        "test_refuses_integers",
    }


def heard(folder, *reports, collected=(), **options):
    """Return the machine-readable report of a run with these reports of pytest."""
    given = {"report": str(folder / "r.json"), "gradescope": None, "target": "x", "seed": 7}
    made = GradeReport(SimpleNamespace(option=SimpleNamespace(**given | options)))
    made.expect(collected)
    for each in reports:
        made.pytest_runtest_logreport(each)
    made.pytest_sessionfinish()
    return json.loads((folder / "r.json").read_text())


def said(test, outcome, longrepr=None, when="call", **more):
    return SimpleNamespace(
        nodeid=f"{FILE}::{test}",
        location=(FILE, 1, test),
        outcome=outcome,
        longrepr=longrepr,
        when=when,
        subject=["activations", "two_class_softmax", "x"],
        **more,
    )


def test_a_check_passes_when_all_its_cases_do(tmp_path):
    first, second, *_ = catalogue.exercises()["two_class_softmax"].tests
    found = heard(
        tmp_path,
        said(f"{first}[a]", "passed"),
        said(f"{first}[b]", "failed", "2, but it should be 3"),
        said(f"{first}[c]", "failed", "another"),
        said(second, "passed", when="setup"),
        said(second, "passed"),
    )
    (exercise,) = found["exercises"]
    assert exercise["state"] == "to mend"
    outcomes = [check["outcome"] for check in exercise["checks"]]
    assert outcomes == ["failed", "passed", *["not run"] * (len(outcomes) - 2)]
    assert exercise["checks"][0]["message"] == "2, but it should be 3"
    assert found["points"] == 0
    assert found["seed"] == 7


def test_a_failure_that_is_put_off_is_told_in_the_report_alone(tmp_path):
    test = next(iter(catalogue.exercises()["two_class_softmax"].tests))
    report = said(test, "failed", "1, but it should be 0")
    put_off(report, "one mistake at a time")
    assert report.outcome == "skipped"
    assert report.longrepr == (FILE, 1, "Skipped: one mistake at a time")
    (exercise,) = heard(tmp_path, report)["exercises"]
    assert exercise["checks"][0] == {
        "check": test.removeprefix("test_").replace("_", " "),
        "outcome": "failed",
        "message": "1, but it should be 0",
    }


def test_an_exercise_that_a_run_did_not_get_to_has_no_points(tmp_path):
    file = "tests/graphs/test_laplacian.py"
    nodes = [f"{file}::{test}" for test in catalogue.exercises()["laplacian"].tests]
    first = next(iter(catalogue.exercises()["two_class_softmax"].tests))
    report = heard(tmp_path, said(first, "passed"), collected=[*nodes, "tests/test_suite.py::test"])
    begun, left = report["exercises"]
    assert (begun["name"], left["name"]) == ("two_class_softmax", "laplacian")
    assert (left["state"], left["points"]) == ("not all tried", 0)
    assert {check["outcome"] for check in left["checks"]} == {"not run"}
    assert report["max_points"] == begun["max_points"] + left["max_points"]


def test_a_worker_that_is_gone_is_the_answers_failure(tmp_path):
    test = next(iter(catalogue.exercises()["two_class_softmax"].tests))
    report = said(test, "failed", "worker 'gw0' crashed", when="???")
    del report.subject
    (exercise,) = heard(tmp_path, report)["exercises"]
    assert exercise["checks"][0]["message"] == "ended the process that ran it"


ANSWERS = {
    "softmax": (
        "def softmax(logits, dim=-1):\n"
        "    e = logits.exp()  # caf\u00e9\n"
        "    return e / e.sum(dim, keepdim=True)\n"
    ),
    "log_softmax": "def log_softmax(logits, dim=-1:\n    pass\n",
    "sigmoid": "def sigmoid(x):\n    raise ValueError(f'x has dtype {x.dtype}, caf\u00e9')\n",
}


def graded(folder, *options):
    """Grade a folder of answers; return what is printed, and what the three files say."""
    command = [
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--seed=1", "--no-shrink"),
        *(f"--target={folder}", f"--report={folder}/r.json", f"--gradescope={folder}/g.json"),
        *(f"--junitxml={folder}/j.xml", *options),
        *("softmax", "log_softmax", "sigmoid", "two_class_softmax", "sharpness"),
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment["PYTHONIOENCODING"] = "cp1252"
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 1, done.stdout
    texts = [(folder / name).read_text(encoding="utf8") for name in ("r.json", "g.json", "j.xml")]
    return done.stdout.decode("cp1252"), texts


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    (folder / "activations").mkdir()
    for name, text in ANSWERS.items():
        (folder / "activations" / f"{name}.py").write_text(text, encoding="utf8")
    right = (SOLUTIONS / "activations" / "two_class_softmax.py").read_text()
    (folder / "activations" / "two_class_softmax.py").write_text(right)
    return folder


@pytest.mark.slow
def test_a_graded_folder(answers):
    printed, (report, gradescope, junit) = graded(answers)
    assert report.isascii()
    assert gradescope.isascii()
    for text in (printed, report, gradescope, junit):
        assert "check(" not in text
        assert "take exp() before subtracting the maximum" in text.replace("\\n", " ").replace(
            "\n", " "
        )
    found = {each["name"]: each for each in json.loads(report)["exercises"]}
    told = {name: (e["state"], e["points"], e["max_points"]) for name, e in found.items()}
    softmax = told.pop("softmax")
    assert softmax[0] == "to mend"
    assert 0.5 < softmax[1] < 1
    assert told == {
        "log_softmax": ("to mend", 0, 2),
        "sharpness": ("not begun", 0, 2),
        "sigmoid": ("to mend", 0, 2),
        "two_class_softmax": ("done", 1, 1),
    }
    outcomes = [check["outcome"] for check in found["softmax"]["checks"]]
    assert outcomes.count("failed") > 1  # all were tried, and one is shown
    assert printed.count("softmax: stays finite for logits of 1e4[") == 1
    # What can't be loaded is tried once.
    assert [c["outcome"] for c in found["log_softmax"]["checks"]].count("failed") == 1

    results = json.loads(gradescope)
    assert results["score"] == json.loads(report)["points"] == 1 + softmax[1]
    by_name = {each["name"]: each for each in results["tests"]}
    assert by_name["activations/two_class_softmax"]["status"] == "passed"
    assert by_name["activations/softmax"]["status"] == "failed"
    assert sum(each["max_score"] for each in results["tests"]) == 8

    cases = ElementTree.fromstring(junit).iter("testcase")
    failures = {case.get("classname"): f.text for case in cases for f in case.findall("failure")}
    assert len(failures) == 3
    assert "5 of 6 entries differ" in failures["tests.activations.test_softmax"]


@pytest.mark.slow
def test_workers_report_the_same(answers):
    one, two = (graded(answers, *options)[1][0] for options in ((), ("-n", "2")))
    assert one == two


@pytest.mark.slow
def test_a_report_is_about_one_persons_answers():
    command = [sys.executable, "-m", "pytest", "--report=x.json", "--target=wrong", "softmax"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "a report is about one person's answers, not --target=wrong" in done.stderr


def test_every_level_has_its_points():
    from grader.words.exercise import LEVELS

    assert tuple(POINTS) == LEVELS
