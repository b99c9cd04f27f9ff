"""What is forbidden is seen under every name, and what is allowed is let through."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d
from torch.nn.functional import cross_entropy as renamed

from grader.machine.guard import core, forbidding
from grader.words.verdict import Forbidden

X = torch.tensor([[1.0, 2.0, 4.0], [0.5, 0.0, 1.0]])
Y = torch.tensor([0, 2])
IMAGE, KERNEL = torch.ones(1, 2, 3, 3), torch.ones(2, 3, 2, 2)
LOSS = ("cross_entropy", "nll_loss", "log_softmax")


def backward():
    z = X.clone().requires_grad_()
    z.exp().sum().backward()
    return z.grad


def engine():
    z = X.clone().requires_grad_()
    run = torch.autograd.Variable._execution_engine.run_backward
    out = (z.exp().sum(),)
    run(out, (torch.ones(()),), False, False, (z,), True, accumulate_grad=False)


def caught():
    try:
        return torch.softmax(X, 0)
    except BaseException:
        return None


@pytest.mark.filterwarnings("ignore:.torch.jit.script")  # torch's own, when it loads torch.func
@pytest.mark.parametrize(
    ("names", "call"),
    [
        (LOSS, lambda: renamed(X, Y)),
        (LOSS, lambda: nn.CrossEntropyLoss()(X, Y)),
        (LOSS, lambda: torch.ops.aten._log_softmax(X, -1, False)),
        (LOSS, lambda: torch.ops.aten.cross_entropy_loss(X, Y)),
        (LOSS, lambda: X.log_softmax(-1)),
        (LOSS, lambda: torch.special.log_softmax(X, -1)),
        (LOSS, lambda: nn.LogSoftmax(-1)(X)),
        (("softmax",), lambda: torch._softmax(X, -1, False)),
        (("softmax",), caught),
        (("logsumexp",), lambda: torch.special.logsumexp(X, 0)),
        (("autograd",), backward),
        (("autograd",), engine),
        (("autograd",), lambda: torch.func.grad(lambda z: z.exp().sum())(X)),
        (("autograd",), lambda: torch.func.jacrev(torch.exp)(X)),
        (("autograd",), lambda: torch.func.jvp(torch.exp, (X,), (X,))),
        (("autograd",), lambda: torch.autograd.functional.jacobian(torch.exp, X)),
        (("conv_transpose",), lambda: conv_transpose2d(IMAGE, KERNEL)),
        (("conv_transpose",), lambda: nn.ConvTranspose2d(2, 3, 2)(IMAGE)),
        (("convolution",), lambda: conv2d(IMAGE, KERNEL.transpose(0, 1))),
        (("torch.optim",), lambda: torch.optim.SGD([X.clone().requires_grad_()], lr=0.1)),
    ],
)
def test_a_forbidden_call_is_seen(names, call):
    refused = pytest.raises(Forbidden, match="is not allowed here: write it yourself")
    with refused, forbidding(names, "write it yourself"):
        call()


@pytest.mark.parametrize(
    ("names", "call"),
    [
        (LOSS, lambda: X.exp().sum(-1).log()),
        (("softmax",), lambda: X.logsumexp(0)),
        (("autograd",), lambda: X.clone().requires_grad_().exp().sum()),
        (("conv_transpose",), lambda: conv2d(IMAGE, KERNEL.transpose(0, 1))),
        (("torch.optim",), lambda: X.exp()),
        ((), lambda: torch.softmax(X, 0)),
    ],
)
def test_what_is_allowed_passes(names, call):
    with forbidding(names, "write it yourself"):
        call()


def test_an_operation_has_one_name():
    variants = ("softmax", "_softmax", "softmax_", "aten::_softmax.out", "special_softmax")
    assert {core(name) for name in variants} == {"softmax"}
    assert core("nll_loss_forward") == core("nll_loss")


def test_one_class_of_a_module_can_be_forbidden():
    import sympy as sp

    x = sp.Symbol("x")
    with forbidding(("sympy.core.function.Derivative",), "write it yourself"):
        sp.exp(x) + 1
    for differentiate in (lambda: sp.diff(x**2, x), lambda: (x**2).diff(x)):
        refused = pytest.raises(Forbidden)
        with refused, forbidding(("sympy.core.function.Derivative",), "write it yourself"):
            differentiate()


def test_scipys_function_is_seen_like_torchs():
    from scipy.special import logsumexp

    with pytest.raises(Forbidden), forbidding(("scipy.special",), "write it yourself"):
        logsumexp([1.0, 2.0])
