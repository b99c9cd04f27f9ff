"""Initialization: the weights and the biases of a linear layer."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def init_linear(
    fan_in: int, fan_out: int, scheme: str, generator: torch.Generator
) -> tuple[Float[Tensor, "{fan_out} {fan_in}"], Float[Tensor, " {fan_out}"]]:
    """Weight and bias of a linear layer y = W x + b, drawn by one of five schemes, in float32.

        "xavier_normal"     weights of standard deviation sqrt(2 / (fan_in + fan_out))
        "xavier_uniform"    of the same, uniform in an interval about 0
        "kaiming_normal"    weights of standard deviation sqrt(2 / fan_in)
        "kaiming_uniform"   of the same, uniform in an interval about 0
        "torch"             weights and biases as torch.nn.Linear has them from the start, both
                            uniform in [-b, b] with b = 1 / sqrt(fan_in)

    Biases are 0 but for the last. All weights (and biases) are independent, and all randomness
    comes from `generator`, on whose device they are.

    Raises:
        ValueError: naming `fan_in`, `fan_out` or `scheme` and its value, if a fan is below 1, or the
            scheme is none of these.

    Not allowed: torch.nn.

    Notes: model evaluation notes, initialization, and question 36; PyTorch study, basics;
    supplements to D2L, concise softmax regression.

    >>> w, b = init_linear(3, 2, "kaiming_normal", torch.Generator().manual_seed(0))
    >>> w.shape, b
    (torch.Size([2, 3]), tensor([0., 0.]))
    """
    for name, fan in (("fan_in", fan_in), ("fan_out", fan_out)):
        if fan < 1:
            raise ValueError(f"{name} is {fan}, but must be at least 1")
    xavier, kaiming = math.sqrt(2 / (fan_in + fan_out)), math.sqrt(2 / fan_in)
    stds = {"xavier": xavier, "kaiming": kaiming, "torch": 1 / math.sqrt(3 * fan_in)}
    family, _, kind = scheme.partition("_")
    if scheme != "torch" and (family not in ("xavier", "kaiming") or kind not in _KINDS):
        raise ValueError(
            f"scheme is {scheme!r}, but must be 'torch', 'xavier_...' or 'kaiming_...'"
        )
    draw = _KINDS[kind or "uniform"]
    weight = stds[family] * draw((fan_out, fan_in), generator)
    # The biases of a layer that starts at 0 break no symmetry: the weights have done so.
    if scheme == "torch":
        return weight, stds["torch"] * draw((fan_out,), generator)
    return weight, weight.new_zeros(fan_out)


def _normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw from [-sqrt 3, sqrt 3): the variance of numbers uniform in [-b, b] is b^2 / 3."""
    return math.sqrt(3) * (2 * torch.rand(shape, generator=generator, device=generator.device) - 1)


_KINDS = {"normal": _normal, "uniform": _uniform}
