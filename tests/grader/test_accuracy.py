"""Errors in ulps: the unit itself, what is measured with it, and how faults are told."""

import math

import mpmath
import pytest
import torch

from grader.machine import accuracy, catalogue
from grader.machine.accuracy import ulps
from grader.machine.subject import hidden_tests
from grader.words.accuracy import accuracy as declare

INF, NAN = math.inf, math.nan
TINY = 2.0**-149  # float32's smallest subnormal


@pytest.mark.parametrize(
    ("result", "exact", "dtype", "error"),
    [
        (1.0, 1.0, "float32", 0),
        (1 + 2.0**-23, 1.0, "float32", 1),
        (1 - 2.0**-24, 1.0, "float32", 0.5),  # the neighbour below a power of two is nearer
        (2 + 2.0**-22, 2.0, "float32", 1),
        (1 + 2.0**-52, 1.0, "float64", 1),
        (1 + 2.0**-7, 1.0, "bfloat16", 1),
        (-3.0, -3 - 2.0**-22, "float32", 1),
        (0.0, TINY, "float32", 1),
        (3 * TINY, TINY / 2, "float32", 2.5),
        (2.0**-126 + TINY, 2.0**-126, "float32", 1),  # the smallest normal number
        (TINY, 0.0, "float32", 1),
        (0.0, 0.0, "float64", 0),
        (INF, INF, "float32", 0),
        (INF, -INF, "float32", INF),
        (INF, 1.0, "float32", INF),
        (1.0, INF, "float32", INF),
        (NAN, NAN, "float32", 0),
        (NAN, 1.0, "float32", INF),
        (1.0, NAN, "float32", INF),
    ],
)
def test_the_unit_in_the_last_place(result, exact, dtype, error):
    assert ulps(result, mpmath.mpf(exact), dtype) == error


def test_what_is_too_large_for_the_dtype_must_be_infinite():
    largest = torch.finfo(torch.float32).max
    beyond = mpmath.mpf(2) ** 128
    assert ulps(INF, beyond, "float32") == 0
    assert ulps(largest, beyond, "float32") == INF
    assert ulps(-INF, beyond, "float32") == INF
    assert ulps(largest, mpmath.mpf(largest) + 2.0**102, "float32") == 0.25  # it rounds down
    assert ulps(INF, mpmath.mpf(largest) + 2.0**102, "float32") == INF


def test_digits_beyond_the_dtype_count():
    with mpmath.workdps(50):
        third = mpmath.mpf(1) / 3
    assert 0 < ulps(1 / 3, third, "float64") < 0.5


def softmax_like(answer):
    """Measure an answer beside the reference, for a few sizes in float32."""
    module = hidden_tests("softmax")
    about = accuracy.declared(module)
    short = declare(about.over, inputs=about.inputs, decades=(0, 2), dtypes=("float32",))
    answers = {"yours": answer, "reference": lambda logits: logits.softmax(-1)}
    found = accuracy.measure(short(about.exact).accuracy, answers)
    return found["float32"]


def naive(logits):
    return logits.exp() / logits.exp().sum(-1)


def with_floor(logits):
    return logits.softmax(-1).clamp(min=1e-6)


def test_a_naive_softmax_overflows_and_the_reference_does_not():
    found = softmax_like(naive)
    assert found["yours"].worst(0) < 100
    assert found["yours"].worst(2) == INF
    assert found["reference"].worst(2) < 100


def test_a_floor_under_small_probabilities_costs_their_digits():
    found = softmax_like(with_floor)
    assert found["yours"].worst(1) > 1e6
    assert found["reference"].worst(1) < 100
    assert found["yours"].median(0) < 2


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda logits: logits.log2(2), "it raised TypeError"),
        (lambda logits: logits[:2], "it returned shape [2], not [8]"),
        (lambda logits: logits.double(), "it returned float64, not float32"),
        (lambda logits: None, "it returned NoneType, not a tensor"),
    ],
)
def test_an_answer_that_cannot_be_measured_is_told_so(answer, told):
    found = softmax_like(answer)
    assert found["yours"].fault.startswith(f"at 1e0 {told}")
    assert found["yours"].cell(0) == "-"
    assert found["reference"].fault == ""
    assert len(found["reference"].ulps) == 3


def test_nan_is_an_error_without_end():
    found = softmax_like(lambda logits: logits * torch.nan)
    assert found["yours"].cell(1) == "inf / inf"


def test_an_answer_cannot_change_what_the_next_one_gets():
    honest = softmax_like(lambda logits: logits.softmax(-1))
    spoilt = softmax_like(lambda logits: logits.zero_())
    assert honest["reference"].ulps == spoilt["reference"].ulps


@pytest.mark.slow
def test_the_table_and_the_plot(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(accuracy, "LEFT_BEHIND", tmp_path)
    monkeypatch.setattr(accuracy, "CASES", 2)
    monkeypatch.setattr(catalogue, "EXERCISES", tmp_path / "exercises")
    assert accuracy.show("sigmoid") == 0
    printed = capsys.readouterr().out
    assert printed.isascii()
    *lines, plot, _ = printed.split("\n")
    assert max(map(len, lines)) <= 80
    assert plot.endswith("accuracy-sigmoid.png")
    heading = next(line for line in printed.split("\n") if "size of the entries |" in line)
    assert [word.strip() for word in heading.split("|")[1:]] == ["reference", "torch"]
    assert "bfloat16" in printed
    assert (tmp_path / "accuracy-sigmoid.png").stat().st_size > 10_000


def test_an_exercise_without_a_measure_says_which_have_one(capsys):
    assert accuracy.show("sma") == 2
    printed = capsys.readouterr().out
    assert printed.startswith("sma has no measure of accuracy.")
    assert "softmax" in printed


@pytest.mark.parametrize("name", catalogue.declaring("accuracy"))
def test_every_reference_can_be_measured_in_every_dtype(name, monkeypatch):
    monkeypatch.setattr(accuracy, "CASES", 2)
    module = hidden_tests(name)
    about = accuracy.declared(module)
    answers = accuracy.contestants(name, module, about)
    found = accuracy.measure(about, {"reference": answers["reference"]})
    for errors in found.values():
        assert errors["reference"].fault == ""
        assert all(map(math.isfinite, map(errors["reference"].worst, errors["reference"].ulps)))
