"""Claims of the notes on activations that are verified and not exercised, and counterexamples."""

import torch
from torch.nn.functional import cross_entropy

from grader import claim, counterexample


@claim("S2-054")
def test_softmax_turns_any_scores_into_probabilities():
    p = torch.tensor([3.0, -40.0, 0.5], dtype=torch.float64).softmax(0)
    assert (p >= 0).all()
    assert torch.isclose(p.sum(), torch.tensor(1.0, dtype=torch.float64))


@counterexample("S2-054")  # as the notes put it, softmax leaves normalised probabilities alone
def test_softmax_of_probabilities_distorts_them():
    p = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)
    want = torch.tensor([0.464, 0.281, 0.255], dtype=torch.float64)
    torch.testing.assert_close(p.softmax(0), want, rtol=0, atol=1e-3)
    logits = torch.tensor([[10.0, 0.0, 0.0]], dtype=torch.float64)
    once, twice = (cross_entropy(z, torch.tensor([0])) for z in (logits, logits.softmax(-1)))
    assert once < 1e-4 < 0.551 < twice < 0.552
