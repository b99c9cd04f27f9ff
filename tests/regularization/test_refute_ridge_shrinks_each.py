"""The length of ridge's weights falls with lam; a single weight may grow."""

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("ridge",),
    hints=(
        "With orthogonal columns each weight shrinks. So they must have something in common.",
        "Let one of two similar columns do all the work, and the other none.",
        "Then the penalty shares it out: 1 + 0 costs more than 1/2 + 1/2, once squared.",
    ),
)


def solved(features, targets, lam):
    """Ridge, by its normal equations."""
    gram = features.mT @ features
    return torch.linalg.solve(gram + lam * torch.eye(len(gram)).to(gram), features.mT @ targets)


def is_whole(answer):
    features, targets, lam = answer
    float64 = features.dtype == targets.dtype == torch.float64
    fits = features.dim() == 2 and targets.shape == features.shape[:1] and lam > 0
    return bool(
        float64
        and fits
        and features.isfinite().all()
        and float(torch.linalg.cond(features)) < 1e6
        and len(features) >= features.shape[1]
    )


@claim("S1-065")
def test_the_problem_has_one_answer(refute_ridge_shrinks_each):
    told = "float64 features of full column rank, as many targets, and lam above 0"
    check(refute_ridge_shrinks_each, want=such_that(told, is_whole))


@claim("S1-065")
@counterexample("S1-065")
def test_some_weight_more_than_doubles(refute_ridge_shrinks_each):
    def refutes(answer):
        if not is_whole(answer):
            return False
        features, targets, lam = answer
        free, decayed = solved(features, targets, 0.0), solved(features, targets, lam)
        grown = (decayed.abs() > 2 * free.abs()) & (decayed.abs() >= 0.1)
        return bool(grown.any())

    told = "an entry of w(lam) more than twice as far from 0 as that of w(0), and at least 0.1"
    check(refute_ridge_shrinks_each, want=such_that(told, refutes))


@wrong("take columns that are orthogonal: each weight shrinks then")
def orthogonal():
    return torch.eye(2).double(), vector(1.0, 0.5), 1.0


@wrong("take two equal columns: without a penalty their weights aren't unique")
def equal_columns():
    features = vector([1.0, 1.0], [2.0, 2.0], [0.0, 0.0])
    return features, vector(1.0, 2.0, 0.0), 1.0


@wrong("let the weights be alike: the penalty has nothing to share out")
def alike():
    features = vector([1.0, 0.9], [0.0, 0.4])
    return features, features @ vector(1.0, 1.0), 1.0


@wrong("take a penalty so small that hardly anything is shared out")
def too_small():
    features = vector([1.0, 0.9], [0.0, 0.4])
    return features, features @ vector(1.0, 0.0), 1e-3


@wrong("take a penalty so large that nothing is left")
def too_large():
    features = vector([1.0, 0.9], [0.0, 0.4])
    return features, features @ vector(1.0, 0.0), 1e3


@right("of three columns, with targets that no weights fit")
def of_three_columns():
    features = vector([1.0, 0.8, 0.0], [0.0, 0.6, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0])
    return features, vector(2.0, 0.0, 1.0, -1.0), 0.5
