"""Claims on time and memory, measured: small on the CPU, and at full size on a GPU.

Two times of one run are compared, each the shortest of several: what else runs only makes it longer.
"""

import math
import time

import pytest
import torch
from torch import nn

from grader import claim, gpu, slow


def on_cpu_and_gpu(names, cpu, cuda):
    """Run a test on the CPU with small numbers, and on a GPU with large ones."""
    on_gpu = pytest.param("cuda", *cuda, id="gpu", marks=gpu)
    return pytest.mark.parametrize(
        f"device, {names}", [pytest.param("cpu", *cpu, id="cpu"), on_gpu]
    )


def now(device):
    """The time at which the device has done all that it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def times_as_long(one, other, device, laps=7):
    """How many times as long `one` takes as `other`; they take turns."""
    shortest = [math.inf, math.inf]
    with torch.no_grad():
        for _ in range(laps):
            for place, work in enumerate((one, other)):
                start = now(device)
                work()
                shortest[place] = min(shortest[place], now(device) - start)
    return shortest[0] / shortest[1]


@claim("S4-084", "S4-165", "S2-050")
@on_cpu_and_gpu("width, n", cpu=(32, 512), cuda=(1024, 1024))
def test_rows_one_by_one_take_longer_than_together(device, width, n):
    # Refuted if n rows in one batch took more than a fifth of their time one by one.
    layer, x = nn.Linear(width, width, device=device), torch.ones(n, width, device=device)
    assert times_as_long(lambda: [layer(row) for row in x.split(1)], lambda: layer(x), device) > 5


@claim("S4-165", "S2-050")
@on_cpu_and_gpu("width", cpu=(8,), cuda=(1024,))
def test_a_hundredth_of_the_work_isnt_done_in_a_hundredth_of_the_time(device, width):
    # Refuted if a row took a tenth of the time of 100: then small batches would use all there is.
    layer, x = nn.Linear(width, width, device=device), torch.ones(100, width, device=device)

    def twenty(rows):
        return lambda: [layer(rows) for _ in range(20)]

    assert times_as_long(twenty(x[:1]), twenty(x), device) > 1 / 10


@claim("S4-158")
@on_cpu_and_gpu("width, batch, n", cpu=(256, 512, 2048), cuda=(1024, 8192, 262_144))
def test_in_mini_batches_the_rows_take_no_longer_than_all_at_once(device, width, batch, n):
    # Refuted if batches of a small part of the rows left half of the device's speed unused.
    layer, x = nn.Linear(width, width, device=device), torch.ones(n, width, device=device)
    in_batches = times_as_long(
        lambda: [layer(rows) for rows in x.split(batch)], lambda: layer(x), device
    )
    assert in_batches < 2


@claim("S2-048", "S4-153")
@on_cpu_and_gpu("n, d, batch", cpu=(40_000, 32, 64), cuda=(4_000_000, 128, 1024))
def test_the_gradient_of_all_rows_takes_longer_than_that_of_a_batch(device, n, d, batch):
    # Refuted if it took less than 5 times as long for some hundred or thousand times the rows.
    features, weights = torch.ones(n, d, device=device), torch.ones(d, device=device)

    def gradient(rows):
        return lambda: rows.mT @ (rows @ weights - 1)

    assert times_as_long(gradient(features), gradient(features[:batch]), device) > 5


@claim("S3-167")
@on_cpu_and_gpu("words, hidden, vocabulary", cpu=(64, 128, 8000), cuda=(2048, 512, 50_000))
def test_a_large_vocabulary_takes_longer_than_a_hidden_layer(device, words, hidden, vocabulary):
    # Refuted if scores of the whole vocabulary took less than 10 times as long as as many scores
    # as there are hidden units.
    h = torch.ones(words, hidden, device=device)
    large, small = (torch.ones(hidden, k, device=device) for k in (vocabulary, hidden))
    assert times_as_long(lambda: h @ large, lambda: h @ small, device) > 10


@claim("S1-127", "S4-116")
@on_cpu_and_gpu("n, factor", cpu=(1 << 14, 1.5), cuda=(1 << 27, 0.8))
def test_a_relu_is_quicker_than_a_sigmoid_where_arithmetic_takes_the_time(device, n, factor):
    # Refuted if the sigmoids were as quick on a CPU, whose cache holds the numbers. On a GPU both
    # wait for the memory, and only a ReLU that is slower would refute it.
    x = torch.linspace(-4, 4, n, device=device)
    assert times_as_long(lambda: torch.sigmoid(x), lambda: torch.relu(x), device) > factor


@gpu
@slow  # torch writes and compiles a kernel
@claim("S1-212")
def test_compiled_steps_on_each_number_go_through_the_memory_once():
    # Refuted if 48 operations in one pass took more than a third of the time of 48 passes.
    def steps(x):
        for _ in range(16):
            x = (0.5 * x + 1).relu()
        return x

    x, compiled = torch.ones(1 << 25, device="cuda"), torch.compile(steps)
    torch.testing.assert_close(compiled(x), steps(x))
    assert times_as_long(lambda: steps(x), lambda: compiled(x), "cuda") > 3


@gpu
@claim("S2-051", "S3-095", "S4-166")
def test_the_memory_that_a_gpu_keeps_for_a_batch_grows_in_proportion_to_it():
    model = nn.Sequential(nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 128)).cuda()

    def kept(n):
        # All sizes are whole pieces of 512 bytes, in which the memory is handed out.
        x = torch.ones(n, 256, device="cuda")
        before = torch.cuda.memory_allocated()
        scores = model(x)
        return torch.cuda.memory_allocated() - before, scores

    kept(128)  # the first product takes a workspace, which stays
    one = kept(128)[0]
    assert one == 128 * (512 + 128) * 4
    assert [kept(n)[0] for n in (256, 1024)] == [2 * one, 8 * one]
