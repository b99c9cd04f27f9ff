"""Plots: what is drawn, beside whose curves, and what is said where something can't be."""

import pytest
import torch

from grader.machine import catalogue, plot
from grader.machine.subject import answers, hidden_tests
from grader.words.plot import Plot, numbers
from grader.words.plot import plot as declare


def drawn(tmp_path, monkeypatch, source=""):
    """Draw `ema`, begun as this source; return which curves a panel has, and what was said."""
    monkeypatch.setattr(plot, "LEFT_BEHIND", tmp_path / "left")
    monkeypatch.setattr(catalogue, "EXERCISES", tmp_path)
    path = tmp_path / "optimization" / "ema.py"
    if source:
        path.parent.mkdir()
        path.write_text(source, encoding="utf8")
    seen = {}
    kept = plot.draw

    def noted(panels, curves, title, path):
        seen.update(curves)
        kept(panels, curves, title, path)

    monkeypatch.setattr(plot, "draw", noted)
    # The folder of the answers under test is the run's own.
    monkeypatch.setattr("grader.machine.paths.EXERCISES", tmp_path)
    assert plot.show("ema") == 0
    assert (tmp_path / "left" / "plot-ema.png").stat().st_size > 10_000
    return seen


def test_the_reference_is_drawn_alone_where_nothing_is_begun(tmp_path, monkeypatch, capsys):
    assert list(drawn(tmp_path, monkeypatch)) == ["reference"]
    assert capsys.readouterr().out.endswith("plot-ema.png\n")


def test_the_learners_curves_are_drawn_over_the_references(tmp_path, monkeypatch):
    source = "def ema(y, beta, corrected=False):\n    return 2 * y\n"
    seen = drawn(tmp_path, monkeypatch, source)
    assert list(seen) == ["reference", "yours"]
    assert seen["yours"][0].keys() == seen["reference"][0].keys()
    assert seen["yours"] != seen["reference"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return y[:, 1]", "it raised IndexError"),
        ("return y[1:]", "it raised ValueError: the curve"),
        ("import solutions", "an exercise can't import `solutions`"),
        ("return None", "it raised TypeError"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path, monkeypatch, capsys, body, told):
    source = f"def ema(y, beta, corrected=False):\n    {body}\n"
    assert list(drawn(tmp_path, monkeypatch, source)) == ["reference"]
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.startswith(f"yours isn't drawn: {told}")


def test_an_exercise_without_a_plot_says_which_have_one(capsys):
    assert plot.show("log_softmax") == 2
    printed = capsys.readouterr().out
    assert printed.startswith("log_softmax has no plot.")
    assert "ema" in printed


def test_a_declaration_is_drawn_under_its_name():
    @declare(x="x", y="y")
    def plot_three_points(answer):
        return {"it": (torch.tensor([1, 2, 3]), [answer(x) for x in (1, 2, 3)])}

    assert plot_three_points.plot.title == "three points"
    assert plot_three_points.plot.curves(abs) == {"it": ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])}


@pytest.mark.parametrize("curves", [None, {}, {"it": ([1, 2], [1])}])
def test_what_is_no_curve_is_refused(curves):
    with pytest.raises((TypeError, ValueError)):
        Plot("x", "y", lambda answer: curves).curves(abs)


def test_coordinates_are_plain_numbers():
    assert numbers(torch.tensor([1.5, 2.0], requires_grad=True)) == [1.5, 2.0]
    assert numbers(range(2)) == [0.0, 1.0]


@pytest.mark.parametrize("name", catalogue.declaring("plot"))
def test_every_declared_plot_can_be_drawn(name):
    module = hidden_tests(name)
    panels = [function.plot for function in answers(module, "plot")]
    found, _ = plot.curves(name, module, panels)
    for panel in found["reference"]:
        assert any(len(set(ys)) > 1 for _, ys in panel.values()), "there is nothing to see"
