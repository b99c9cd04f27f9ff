"""Optimization: Adam, with its state."""

import torch
from jaxtyping import Float
from torch import Tensor


class Adam:
    """Adam for one tensor of parameters: it keeps both moments and counts the steps.

        g      = grad + weight_decay * theta
        m      = beta1 * m + (1 - beta1) * g,       from m = 0
        v      = beta2 * v + (1 - beta2) * g^2,     from v = 0
        theta' = theta - lr * mhat / (sqrt(vhat) + eps)
            where mhat = m / (1 - beta1^t) and vhat = v / (1 - beta2^t) at step t = 1, 2, ...

    The weight decay is coupled: the penalty goes through the moments. With `amsgrad`, the largest v
    of all steps so far (entry by entry, before its correction) stands where vhat has v.

    Not allowed: torch.optim.

    Notes: interview notes, Adam and weight decay; D2L notes, Adam.

    >>> optimizer = Adam(lr=0.5, beta1=0.5, beta2=0.75)
    >>> optimizer.step(torch.tensor([1.0, 1.0]), torch.tensor([2.0, -4.0]))
    tensor([0.5000, 1.5000])
    """

    def __init__(
        self,
        lr: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        """Start without any steps.

        Raises:
            ValueError: naming `beta1` or `beta2` and its value, unless it is in [0, 1).
        """
        for name, beta in (("beta1", beta1), ("beta2", beta2)):
            if not 0 <= beta < 1:
                raise ValueError(f"{name} is {beta}, but must be in [0, 1)")
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.weight_decay, self.amsgrad = weight_decay, amsgrad
        self.t, self.m, self.v, self.largest = 0, 0.0, 0.0, None

    def step(
        self,
        theta: Float[Tensor, "*dims"],
        grad: Float[Tensor, "*dims"] | None,
        lr: float | None = None,
    ) -> Float[Tensor, "*dims"]:
        """The parameters after the next step, in the dtype of `theta`.

        `lr`, if given, is the rate of this one step in place of the constructor's. A `grad` of
        None is no step: theta comes back as it is, and neither the moments nor the count change.
        """
        if grad is None:
            return theta
        g = grad + self.weight_decay * theta
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        # AMSGrad's rate can only fall, so that a rare, large gradient isn't forgotten.
        known = self.amsgrad and self.largest is not None
        self.largest = torch.maximum(self.largest, self.v) if known else self.v
        vhat = self.largest / (1 - self.beta2**self.t)
        mhat = self.m / (1 - self.beta1**self.t)
        return theta - (self.lr if lr is None else lr) * mhat / (vhat.sqrt() + self.eps)
