"""Sequences of zero_grad, backward and step, against torch's own."""

import math
import random

import pytest
import torch

from grader import Exercise, check, claim, counterexample, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("train_epoch", "accumulate_gradients"),
    forbid=("torch.optim",),
    instead="write the step yourself",
    hints=(
        "Which calls compute a gradient, which use it, and which clear it? Only one does each.",
        "Two calls of backward before a step: what does torch have in .grad then?",
        "A gradient of None and one of zeros differ as soon as weights decay.",
    ),
)


def rows(n=5, first=0):
    """Other rows and labels for each `first`."""
    features = inputs.numbers(n + first, 3)[first:] / 2
    return features, (torch.arange(n) * 2 + first) % 4


WEIGHT = inputs.numbers(4, 3).flip(1) / 8


class Torchs:
    """A parameter with torch's optimizer; the wrong answers below change one thing of it."""

    def __init__(self, weight, lr, weight_decay=0.0):
        self.parameter = torch.nn.Parameter(weight.detach().clone())
        self.options = {"lr": lr, "weight_decay": weight_decay}
        self.optimizer = torch.optim.SGD([self.parameter], **self.options)

    def zero_grad(self, set_to_none=True):
        self.optimizer.zero_grad(set_to_none)

    def backward(self, features, labels):
        loss = torch.nn.functional.cross_entropy(features @ self.parameter.mT, labels)
        loss.backward()
        return loss.detach()

    def step(self):
        self.optimizer.step()
        return self.parameter.detach().clone()


def follow(trainer, calls, weight=WEIGHT, **options):
    """Check each of these calls against torch's: "zero", "fill", "step", or a number of rows."""
    mine, torchs = trainer(weight, **options), Torchs(weight, **options)
    for k, call in enumerate(calls):
        if call == "zero":
            torchs.zero_grad()
            check(mine.zero_grad, want=None)
        elif call == "fill":
            torchs.zero_grad(set_to_none=False)
            check(mine.zero_grad, set_to_none=False, want=None)
        elif call == "step":
            check(mine.step, want=torchs.step())
        else:
            check(mine.backward, *rows(call, k), want=torchs.backward(*rows(call, k)))


@claim("S0-219", "S1-078")
def test_a_step_worked_by_hand(trainer):
    log3 = math.log(3)
    mine = trainer(torch.zeros(2, 3, dtype=torch.float64), lr=2 * log3)
    features, labels = torch.eye(3, dtype=torch.float64)[:2], torch.tensor([1, 0])
    check(mine.backward, features, labels, want=torch.tensor(math.log(2), dtype=torch.float64))
    want = torch.tensor([[-0.5, 0.5, 0.0], [0.5, -0.5, 0.0]], dtype=torch.float64) * log3
    check(mine.step, want=want)
    # Now the scores of row 0 are log 3 apart.
    want = torch.tensor(math.log(4), dtype=torch.float64)
    check(mine.backward, features[:1], labels[1:], want=want)


@claim("S0-219", "S1-078")
def test_three_whole_steps(trainer):
    follow(trainer, ["zero", 5, "step", "zero", 3, "step", "zero", 4, "step"], lr=0.5)


@claim("S0-219")
def test_parts_of_a_batch_add_up_before_a_step(trainer):
    follow(trainer, [2, 1, 4, "step"], lr=0.5)


@claim("S0-219")
def test_gradients_add_up_until_they_are_cleared(trainer):
    follow(trainer, [5, "step", 3, "step", "zero", 4, "step"], lr=0.5)


@claim("S0-219")
def test_cleared_between_backward_and_step_nothing_moves(trainer):
    follow(trainer, [5, "zero", "step", 3], lr=0.5)


@claim("S0-219")
def test_before_the_first_backward_a_step_does_nothing(trainer):
    follow(trainer, ["step", "zero", "step", 5, "step"], lr=0.5)


@claim("S0-219")
def test_a_second_step_goes_along_the_same_gradient(trainer):
    follow(trainer, [5, "step", "step", 3], lr=0.5)


@claim("S1-066")
def test_weights_decay_once_a_step_however_many_parts(trainer):
    follow(trainer, [5, "step", "zero", 2, 3, "step", "step"], lr=0.5, weight_decay=0.25)


@counterexample("S1-066")
def test_without_a_gradient_nothing_decays(trainer):
    follow(trainer, ["zero", "step", 5], lr=0.5, weight_decay=0.25)
    follow(trainer, [5, "step", "zero", "step"], lr=0.5, weight_decay=0.25)
    follow(trainer, ["step", 5], lr=0.5, weight_decay=0.25)


@counterexample("S1-066")
def test_with_a_gradient_of_zeros_weights_decay(trainer):
    follow(trainer, [5, "fill", "step"], lr=0.5, weight_decay=0.25)
    follow(trainer, ["fill", "step", 5, "step"], lr=0.5, weight_decay=0.25)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(trainer, dtype):
    mine = trainer(WEIGHT.to(dtype), lr=0.5)
    torchs = Torchs(WEIGHT.to(dtype), lr=0.5)
    features, labels = rows()
    loss = torchs.backward(features.to(dtype), labels)
    check(mine.backward, features.to(dtype), labels, want=loss)
    check(mine.step, want=torchs.step())


def test_no_result_hangs_on_a_graph(trainer):
    mine = trainer(WEIGHT.clone().requires_grad_(), lr=0.5)
    want = such_that("a result that requires no gradient", lambda found: not found.requires_grad)
    check(mine.backward, *rows(), want=want)
    check(mine.step, want=want)


def test_large_scores_stay_finite(trainer):
    mine = trainer(vector(1e3, 0.0)[:, None], lr=2.0)
    check(mine.backward, vector(1.0)[:, None], torch.tensor([1]), want=vector(1e3)[0])
    check(mine.step, want=vector(998.0, 2.0)[:, None])


def test_the_weight_that_was_handed_in_stays(trainer):
    weight = WEIGHT.clone().requires_grad_()
    first = trainer(weight, lr=0.5)
    first.backward(*rows())
    first.step()
    why = "Another trainer has moved since, which was made of the same tensor."
    second = trainer(weight, lr=0.5)
    check(second.backward, *rows(), want=Torchs(WEIGHT, 0.5).backward(*rows()), why=why)


def test_what_is_written_into_the_weight_that_was_handed_in_has_no_effect(trainer):
    weight = WEIGHT.clone()
    mine = trainer(weight, lr=0.5)
    weight.fill_(5.0)
    check(mine.step, want=WEIGHT)
    check(mine.backward, *rows(), want=Torchs(WEIGHT, 0.5).backward(*rows()))


@claim("S0-219", "S1-066", "S1-078")
@pytest.mark.parametrize("seed", range(6))
def test_follows_torch_through_any_calls(trainer, seed):
    calls = random.Random(seed).choices(["zero", "fill", "step", "step", 1, 2, 4], k=8)
    follow(trainer, calls, lr=0.25, weight_decay=0.5)


@pytest.mark.parametrize(
    "bad", [{"lr": -0.5}, {"lr": math.nan}, {"weight_decay": -0.25}, {"weight_decay": math.nan}],
    ids=str,
)  # fmt: skip
def test_refuses_rates_that_are_none(trainer, bad):
    check(trainer, WEIGHT, **({"lr": 0.5} | bad), raises=ValueError, naming=bad)


@wrong("put the new gradient in the place of the old one: parts of a batch don't add up")
class Replaces(Torchs):
    def backward(self, features, labels):
        self.parameter.grad = None
        return super().backward(features, labels)


@wrong("clear the gradient in each step: that is the caller's to do")
class ClearsInStep(Torchs):
    def step(self):
        new = super().step()
        self.zero_grad()
        return new


@wrong("leave the gradient as it is in zero_grad")
class NeverClears(Torchs):
    def zero_grad(self, set_to_none=True):
        return None


@wrong("fill the gradient with zeros whatever `set_to_none` says: weights decay then")
class AlwaysFills(Torchs):
    def zero_grad(self, set_to_none=True):
        super().zero_grad(set_to_none=False)


@wrong("set the gradient to None whatever `set_to_none` says: zeros would let weights decay")
class AlwaysNone(Torchs):
    def zero_grad(self, set_to_none=True):
        super().zero_grad()


@wrong("start with a gradient of zeros, and not of None: a first step decays the weights")
class StartsWithZeros(Torchs):
    def __init__(self, weight, lr, weight_decay=0.0):
        super().__init__(weight, lr, weight_decay)
        self.parameter.grad = torch.zeros_like(weight)


@wrong("make zeros of a gradient of None in zero_grad: there is nothing to fill")
class FillsNone(Torchs):
    def zero_grad(self, set_to_none=True):
        super().zero_grad(set_to_none)
        if not set_to_none:
            self.parameter.grad = torch.zeros_like(self.parameter)


@wrong("ignore the weight decay")
class NoDecay(Torchs):
    def __init__(self, weight, lr, weight_decay=0.0):
        super().__init__(weight, lr)


@wrong("add the decay in each backward: two parts of a batch decay twice")
class DecaysInBackward(NoDecay):
    def __init__(self, weight, lr, weight_decay=0.0):
        super().__init__(weight, lr)
        self.weight_decay = weight_decay

    def backward(self, features, labels):
        loss = super().backward(features, labels)
        self.parameter.grad += self.weight_decay * self.parameter.detach()
        return loss


@wrong("decay the weights without the rate: weight_decay alone says by how much")
class DecaysWithoutTheRate(Torchs):
    def __init__(self, weight, lr, weight_decay=0.0):
        super().__init__(weight, lr, weight_decay / lr if lr else 0.0)


@wrong("decay the weights without a gradient too")
class DecaysAlways(Torchs):
    def step(self):
        if self.parameter.grad is None:
            with torch.no_grad():
                self.parameter *= 1 - self.options["lr"] * self.options["weight_decay"]
        return super().step()


@wrong("divide the gradient by the number of parts: torch adds them up",
       right_for="the mean over parts of the same size; here they are added, as torch does")  # fmt: skip
class MeanOfParts(Torchs):
    parts = 0

    def zero_grad(self, set_to_none=True):
        super().zero_grad(set_to_none)
        self.parts = 0

    def backward(self, features, labels):
        self.parts += 1
        return super().backward(features, labels)

    def step(self):
        kept = self.parameter.grad
        if kept is not None and self.parts:
            self.parameter.grad = kept / self.parts
        new = super().step()
        self.parameter.grad = kept
        return new


@wrong("take the loss and its gradient at the first weight, always")
class StuckAtTheFirst(Torchs):
    def backward(self, features, labels):
        first = self.__dict__.setdefault("first", self.parameter.detach().clone())
        leaf = first.clone().requires_grad_()
        loss = torch.nn.functional.cross_entropy(features @ leaf.mT, labels)
        (grad,) = torch.autograd.grad(loss, leaf)
        kept = self.parameter.grad
        self.parameter.grad = grad if kept is None else kept + grad
        return loss.detach()


@wrong("take a step in backward already")
class StepsInBackward(Torchs):
    def backward(self, features, labels):
        loss = super().backward(features, labels)
        super().step()
        return loss

    def step(self):
        return self.parameter.detach().clone()


@wrong("return the loss after the step that is to come, and not the one at the present weight")
class LooksAhead(Torchs):
    def backward(self, features, labels):
        super().backward(features, labels)
        with torch.no_grad():
            ahead = self.parameter - self.options["lr"] * self.parameter.grad
            return torch.nn.functional.cross_entropy(features @ ahead.mT, labels)


@wrong("sum the losses of the rows: the gradient grows with their number",
       right_for="a summed loss; here it is the mean")  # fmt: skip
class Sums(Torchs):
    def backward(self, features, labels):
        scores = features @ self.parameter.mT
        loss = torch.nn.functional.cross_entropy(scores, labels, reduction="sum")
        loss.backward()
        return loss.detach()


@wrong("return the loss with its graph: whoever adds losses up keeps all of them")
class KeepsTheGraph(Torchs):
    def backward(self, features, labels):
        loss = torch.nn.functional.cross_entropy(features @ self.parameter.mT, labels)
        loss.backward()
        return loss


@wrong("train the caller's tensor itself, and no copy of it")
class TrainsTheCallers(Torchs):
    def __init__(self, weight, lr, weight_decay=0.0):
        super().__init__(weight, lr, weight_decay)
        self.parameter = weight.detach().requires_grad_()
        self.optimizer = torch.optim.SGD([self.parameter], **self.options)


@right("with the gradient by its formula")
class ByFormula:
    def __init__(self, weight, lr, weight_decay=0.0):
        if math.isnan(lr) or lr < 0:
            raise ValueError(f"`lr` can't be {lr}")
        if math.isnan(weight_decay) or weight_decay < 0:
            raise ValueError(f"`weight_decay` can't be {weight_decay}")
        self.lr, self.decay, self.w, self.total = lr, weight_decay, weight.detach().clone(), None

    def zero_grad(self, set_to_none=True):
        if set_to_none:
            self.total = None
        elif self.total is not None:
            self.total = 0 * self.total

    def backward(self, features, labels):
        logs = (features @ self.w.T).log_softmax(1)
        errors = logs.exp() - torch.nn.functional.one_hot(labels, len(self.w))
        self.total = errors.T @ features / len(labels) + (0 if self.total is None else self.total)
        return -logs.gather(1, labels[:, None]).mean()

    def step(self):
        if self.total is not None:
            self.w = (1 - self.lr * self.decay) * self.w - self.lr * self.total
        return self.w
