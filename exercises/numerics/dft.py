"""Numerics: the discrete Fourier transform and its inverse, by definition."""

import torch
from jaxtyping import Complex, Num
from torch import Tensor


def dft(x: Num[Tensor, " n"], inverse: bool = False) -> Complex[Tensor, " n"]:
    """Discrete Fourier transform of n numbers: how much of each frequency is in them.

        X_k = sum_j x_j exp(-2 pi i j k / n),   j, k = 0, ..., n - 1

    or, with `inverse`, the numbers x whose transform the argument is. As numpy and torch do it, no
    factor stands before the sum of the transform: the inverse makes up for it. Real input is
    transformed as well as complex; the result is complex64 for float32 and complex64, complex128
    for float64 and complex128. Gradients flow back through it, and its digits are right to rounding
    for n of a few thousand too.

    Raises:
        ValueError: naming `x` and its dtype, if it is none of these four; naming `x` and its shape,
            if it is not [n] with n at least 1.

    Not allowed: torch.fft and torch.stft, numpy's and scipy's fft.

    Notes: interview notes, mathematics, Fourier transform.

    >>> dft(torch.tensor([1.0, 2.0, 3.0, 4.0])).imag.round(decimals=3) + 0.0
    tensor([ 0.,  2.,  0., -2.])
    """
    raise NotImplementedError
