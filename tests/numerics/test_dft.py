"""X_k = sum_j x_j exp(-2 pi i j k / n), its inverse, and what they mean."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, gpu, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    forbid=(
        "fft_fft",
        "fft_ifft",
        "fft_fft2",
        "fft_fftn",
        "fft_ifftn",
        "fft_rfft",
        "fft_irfft",
        "fft_hfft",
        "fft_ihfft",
        "fft_r2c",
        "fft_c2c",
        "fft_c2r",
        "stft",
        "numpy.fft",
        "scipy.fft",
        "scipy.fftpack",
    ),
    instead="write the sum with exponentials of imaginary numbers",
    hints=(
        "The transform is linear: which matrix does x get multiplied by?",
        "The inverse turns the other way round and divides by n. Where do large j k hurt?",
        "torch.outer(k, k) % n turns of 2 pi / n each; torch.polar(1, angle); a matrix product.",
    ),
)


def grid(*shape, imaginary):
    """Draw real or complex float64 numbers."""
    real = inputs.tensors(*shape)
    if not imaginary:
        return real
    return st.builds(lambda re_im: torch.complex(*re_im.unbind(0)), inputs.tensors(2, *shape))


def complexes(*values):
    return torch.tensor(values, dtype=torch.complex128)


@claim("S0-117")
def test_a_case_worked_by_hand(dft):
    check(dft, inputs.vector(1, 2, 4, 8), want=complexes(15, -3 + 6j, -5, -3 - 6j))


@claim("S0-117")
def test_the_inverse_of_a_case_worked_by_hand(dft):
    spectrum = complexes(15, -3 + 6j, -5, -3 - 6j)
    check(dft, spectrum, inverse=True, want=complexes(1, 2, 4, 8))
    check(dft, complexes(0, 4j, 0, 8), True, want=complexes(2 + 1j, -1 - 2j, -2 - 1j, 1 + 2j))


@claim("S0-117")
@given(grid(inputs.sizes(1, 7), imaginary=True), st.booleans())
def test_equals_the_definition_with_50_digits(dft, x, inverse):
    import mpmath

    n, sign = len(x), 1 if inverse else -1
    with mpmath.workdps(50):
        numbers = [mpmath.mpc(v) for v in x.tolist()]
        waves = [
            [mpmath.expjpi(mpmath.mpf(2 * sign * j * k) / n) for j in range(n)] for k in range(n)
        ]
        sums = [mpmath.fdot(row, numbers) / (n if inverse else 1) for row in waves]
        want = complexes(*map(complex, sums))
    check(dft, x, inverse, want=want, scale=5.0)


@claim("S0-117")
@given(st.one_of(grid(inputs.sizes(1, 13), imaginary=i) for i in (False, True)))
def test_equals_torchs_both_ways(dft, x):
    check(dft, x, want=torch.fft.fft(x), scale=50.0)
    check(dft, x, inverse=True, want=torch.fft.ifft(x), scale=50.0)


@claim("S0-117")
@pytest.mark.parametrize(("n", "m"), [(8, 3), (7, 2)])
def test_a_tone_of_m_turns_has_two_lines(dft, n, m):
    steps = torch.arange(n, dtype=torch.float64)
    x = 4 * torch.cos(2 * math.pi * m * steps / n)
    want = torch.zeros(n, dtype=torch.complex128)
    want[m] = want[n - m] = 2 * n
    check(dft, x, want=want)


@claim("S0-117")
@given(inputs.tensors(2, inputs.sizes(1, 6)))
def test_a_circular_convolution_becomes_a_product(dft, pair):
    a, b = pair
    n = len(a)
    circular = sum(a[j] * b.roll(j) for j in range(n))
    transforms = [(torch.fft.fft(v)) for v in pair]
    check(dft, circular, want=transforms[0] * transforms[1], scale=500.0)


@claim("S0-117")
@given(grid(inputs.sizes(1, 6), imaginary=True))
def test_a_shift_in_time_turns_the_phases(dft, x):
    n = len(x)
    turns = torch.exp(complexes(*(-2j * math.pi * k / n for k in range(n))))
    check(dft, x.roll(1), want=torch.fft.fft(x) * turns, scale=50.0)


@claim("S0-117")
@given(grid(inputs.sizes(1, 6), imaginary=True))
def test_energy_is_n_times_as_large_in_the_frequencies(dft, x):
    energy = len(x) * float(x.abs().square().sum())
    told = f"a spectrum whose squares sum to {energy:.6g} (Parseval)"

    def conserves(spectrum):
        return math.isclose(float(spectrum.abs().square().sum()), energy, rel_tol=1e-10)

    check(dft, x, want=such_that(told, conserves))


@claim("S0-117")
def test_one_number_is_its_own_transform(dft):
    check(dft, inputs.vector(-3), want=complexes(-3))
    check(dft, complexes(2 - 1j), inverse=True, want=complexes(2 - 1j))


@claim("S0-117")
@given(inputs.tensors(inputs.sizes(1, 6)), st.booleans())
def test_gradients_flow_back_to_real_numbers(dft, x, inverse):
    upstream = torch.complex(inputs.numbers(len(x)), inputs.numbers(2, len(x))[1] + 0.5)
    like = {False: lambda x, inverse: torch.fft.fft(x), True: lambda x, inverse: torch.fft.ifft(x)}
    check_gradient(dft, x, inverse, like=like[inverse], upstream=upstream, scale=20.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64], ids=str)
def test_hundreds_of_numbers_keep_their_digits(dft, dtype):
    x = inputs.numbers(257).to(dtype)
    want = torch.fft.fft(x.to(torch.complex128)).to(torch.promote_types(dtype, torch.complex64))
    check(dft, x, want=want)


def test_a_thousand_numbers_of_float32_keep_their_digits(dft):
    x = inputs.numbers(1021).float()
    check(dft, x, want=torch.fft.fft(x.to(torch.complex128)).to(torch.complex64))


def test_the_last_of_hundreds_of_numbers_has_all_digits(dft):
    n = 509
    x = torch.zeros(n, dtype=torch.float64)
    x[-1] = 1
    turns = torch.arange(n, dtype=torch.float64) * (2 * math.pi / n)
    # A single wave, and no sum that rounds: 13 digits are asked for.
    check(dft, x, want=torch.polar(torch.ones_like(turns), turns), slack=0.0005)


def test_float32_gives_complex64_and_float64_complex128(dft):
    x = torch.tensor([1.0, -1.0])
    check(dft, x, want=torch.tensor([0, 2], dtype=torch.complex64))
    check(dft, x.double(), inverse=True, want=complexes(0, 1))


def test_reads_every_second_number_by_its_stride(dft):
    x = inputs.vector(1, -9, 2, -9, 4, -9, 8, -9)
    check(dft, x[::2], want=complexes(15, -3 + 6j, -5, -3 - 6j))


def test_refuses_what_is_no_series(dft):
    check(dft, torch.zeros(0), raises=ValueError, naming={"x": (0,)})
    check(dft, torch.zeros(2, 3), raises=ValueError, naming={"x": (2, 3)})
    check(dft, torch.tensor(2.0), raises=ValueError, naming={"x": ()})


def test_refuses_other_dtypes(dft):
    check(dft, torch.tensor([1, 2]), raises=ValueError, naming={"x": torch.int64})
    check(dft, torch.zeros(2).half(), raises=ValueError, naming={"x": torch.float16})


def waves(n, sign, dtype=torch.complex128, start=0):
    k = torch.arange(start, n + start, dtype=torch.float64)
    return torch.polar(torch.ones(n, n).double(), sign * 2 * math.pi * torch.outer(k, k) / n).to(
        dtype
    )


def of(x):
    return x.to(torch.promote_types(x.dtype, torch.complex64))


@wrong(
    "turn the other way round: exp(+2 pi i j k / n) belongs to the inverse",
    right_for="the opposite sign in the exponent; here the transform has the minus",
)
def other_sign(x, inverse=False):
    return torch.fft.fft(x) / len(x) if inverse else torch.fft.ifft(x) * len(x)


@wrong("forget to divide by n on the way back")
def inverse_without_n(x, inverse=False):
    return torch.fft.ifft(x) * len(x) if inverse else torch.fft.fft(x)


@wrong("divide by n on the way back without turning the other way round")
def inverse_only_divides(x, inverse=False):
    return torch.fft.fft(x) / (len(x) if inverse else 1)


@wrong("ignore `inverse`")
def ignores_inverse(x, inverse=False):
    return torch.fft.fft(x)


@wrong(
    "divide by n on the way there",
    right_for='torch\'s norm="forward"; here the inverse divides',
)
def forward_norm(x, inverse=False):
    return torch.fft.ifft(x, norm="forward") if inverse else torch.fft.fft(x, norm="forward")


@wrong(
    "divide by the root of n, both ways",
    right_for='the unitary transform, torch\'s norm="ortho"; here the inverse alone divides',
)
def unitary(x, inverse=False):
    return torch.fft.ifft(x, norm="ortho") if inverse else torch.fft.fft(x, norm="ortho")


@wrong("count from 1 and not from 0")
def counts_from_one(x, inverse=False):
    n = len(x)
    return waves(n, 1 if inverse else -1, of(x).dtype, 1) @ of(x) / (n if inverse else 1)


@wrong("keep the cosines and drop the sines")
def only_cosines(x, inverse=False):
    n = len(x)
    return waves(n, 1).real.to(of(x).dtype) @ of(x) / (n if inverse else 1)


@wrong("forget the 2: the angle is a half turn in n steps")
def half_turns(x, inverse=False):
    n, k = len(x), torch.arange(len(x), dtype=torch.float64)
    angle = torch.outer(k, k) * math.pi / n * (1 if inverse else -1)
    return (
        torch.polar(torch.ones_like(angle), angle).to(of(x).dtype) @ of(x) / (n if inverse else 1)
    )


@wrong("put the frequency 0 in the middle", right_for="fftshift; here the frequency 0 comes first")
def centred(x, inverse=False):
    return torch.fft.ifft(x) if inverse else torch.fft.fftshift(torch.fft.fft(x))


@wrong("leave the second half of the frequencies out or empty: complex input needs all")
def half_of_the_frequencies(x, inverse=False):
    if inverse:
        return torch.fft.ifft(x)
    spectrum = torch.fft.fft(x).clone()
    spectrum[len(x) // 2 + 1 :] = 0
    return spectrum


@wrong("take the real part of the inverse: complex numbers don't come back")
def real_inverse(x, inverse=False):
    return torch.fft.ifft(x).real.to(of(x).dtype) if inverse else torch.fft.fft(x)


@wrong("compute angles of many turns in float32: they have lost their digits")
def imprecise_angles(x, inverse=False):
    n, k = len(x), torch.arange(len(x), dtype=torch.float32)
    angle = torch.outer(k, k) * (2 * math.pi / n) * (1 if inverse else -1)
    if x.dtype in (torch.float64, torch.complex128):
        return torch.fft.ifft(x) if inverse else torch.fft.fft(x)
    return torch.polar(torch.ones_like(angle), angle) @ of(x) / (n if inverse else 1)


@wrong("multiply each wave up from the last one in complex64: every product rounds")
def powers_step_by_step(x, inverse=False):
    if inverse or of(x).dtype == torch.complex128:
        return torch.fft.ifft(x) if inverse else torch.fft.fft(x)
    first, rows = waves(len(x), -1, torch.complex64)[min(1, len(x) - 1)], [torch.ones_like(of(x))]
    for _ in range(len(x) - 1):
        rows.append(rows[-1] * first)
    return torch.stack(rows) @ of(x)


@wrong("compute in complex64 whatever the dtype: half of the digits are lost")
def always_complex64(x, inverse=False):
    low = x.to(torch.complex64)
    return (torch.fft.ifft(low) if inverse else torch.fft.fft(low)).to(of(x).dtype)


@wrong("detach: no gradient flows back")
def detached(x, inverse=False):
    return torch.fft.ifft(x.detach()) if inverse else torch.fft.fft(x.detach())


@wrong("conjugate the result of the inverse: that of complex numbers is another")
def conjugated_inverse(x, inverse=False):
    return torch.fft.ifft(x).conj().resolve_conj() if inverse else torch.fft.fft(x)


def refuse(x):
    if x.dtype not in (torch.float32, torch.float64, torch.complex64, torch.complex128):
        raise ValueError(f"`x` can't have dtype {x.dtype}")
    if x.ndim != 1 or x.shape[0] == 0:
        raise ValueError(f"`x` must be a series, got shape {tuple(x.shape)}")


@right("the inverse as the conjugate of the transform of the conjugate")
def by_conjugates(x, inverse=False):
    refuse(x)
    x = x.to(torch.complex64) if x.dtype in (torch.float32, torch.complex64) else x.cdouble()
    if inverse:
        return by_conjugates(x.conj()).conj().resolve_conj() / len(x)
    n = len(x)
    turns = torch.arange(n)[:, None] * torch.arange(n)[None, :] % n
    phases = (-2j * torch.pi / n * turns.to(torch.complex128)).exp()
    return (phases.to(x.dtype) * x).sum(1)


@right("the fast way: halves as long as n is even, and the sum for what is left")
def fast(x, inverse=False):
    refuse(x)
    x = x + torch.zeros((), dtype=torch.complex64).to(of(x).dtype)
    n, sign = len(x), 1 if inverse else -1
    k = torch.arange(n, dtype=torch.float64)
    if n % 2:
        turns = torch.remainder(torch.outer(k, k), n)
        spectrum = (
            torch.polar(torch.ones(n, n).double(), sign * 2 * math.pi * turns / n).to(x.dtype) @ x
        )
        return spectrum / n if inverse else spectrum
    factor = n // 2 if inverse else 1
    even, odd = (fast(part, inverse) * factor for part in (x[::2], x[1::2]))
    angle = sign * 2 * math.pi * k[: n // 2] / n
    turned = torch.polar(torch.ones_like(angle), angle).to(x.dtype) * odd
    spectrum = torch.cat([even + turned, even - turned])
    return spectrum / n if inverse else spectrum


@gpu
def bench_one_long_series(dft, race):
    race(
        dft,
        torch=torch.fft.fft,
        inputs=lambda draw, n: (draw.normal(n),),
        small=(256,),
        large=(4096,),
        # Of each product of a real and a complex number two products and two sums.
        forward=lambda x: {"bytes": 3 * x.nbytes, "flops": 4 * x.numel() ** 2},
        slack=100.0,
    )
