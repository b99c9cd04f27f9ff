"""The track of a benchmark: its clock, its cold cache, and turns that are fair to all contestants.

Every lap has new data. In a lap all contestants take their turn, in an order that rotates; a turn
copies the lap's data into the same buffers (an answer that knows its arguments by their identity
or their address gives itself away), empties the cache, is timed, and has its result compared.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from grader.words.bench import Cost, Draw, Race, wide
from grader.words.check import check, check_gradient
from grader.words.compare import Tolerance, differences
from grader.words.show import sentence
from grader.words.verdict import Crashed, Mismatch, Verdict

Call = Callable[..., Any]


def synchronised() -> float:
    """Return the time at which all work that was given to the GPU is done."""
    torch.cuda.synchronize()
    return time.perf_counter()


class Track:
    """A device, and what is known of it."""

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self.on_gpu = self.device.type == "cuda"
        self.clock: Callable[[], float] = synchronised if self.on_gpu else time.perf_counter
        cache = 1 << 20
        if self.on_gpu:
            # Else torch's convolutions alone would round to 10 bits, and be compared with others.
            torch.backends.cudnn.allow_tf32 = False
            known = torch.cuda.get_device_properties(self.device)
            cache = max(1 << 28, 4 * getattr(known, "L2_cache_size", 0))
        self._ballast = torch.empty(cache, dtype=torch.uint8, device=self.device)

    @property
    def name(self) -> str:
        """Name the device for the reader of a table."""
        if self.on_gpu:
            return torch.cuda.get_device_name(self.device)
        threads = torch.get_num_threads()
        return f"CPU, {threads} thread{'s' if threads > 1 else ''}"

    def draw(self, seed: int) -> Draw:
        """Return a source of inputs on this device."""
        return Draw(torch.Generator(self.device).manual_seed(seed))

    def cool(self) -> None:
        """Write more than the cache holds, so that a timed call finds none of its inputs there."""
        self._ballast.zero_()
        self.clock()

    @cached_property
    def bandwidth(self) -> float:
        """Bytes a second, read and written, of a copy that no cache holds."""
        size = 1 << 25
        if self.on_gpu:
            size = min(1 << 30, torch.cuda.get_device_properties(self.device).total_memory // 8)
        source = torch.zeros(size, dtype=torch.uint8, device=self.device)
        target, seconds = torch.empty_like(source), []
        for _ in range(12):
            self.cool()
            start = self.clock()
            target.copy_(source)
            seconds.append(self.clock() - start)
        return 2 * size / statistics.median(seconds[2:])


@dataclass
class Lap:
    """One lap's data, and what is right for them."""

    arguments: tuple[Any, ...]
    upstream: Any = None
    wants: dict[str, Any] = field(default_factory=dict)


@dataclass
class Turn:
    """One contestant's timed call."""

    direction: str
    contestant: str
    number: int  # of the lap
    lap: Lap
    call: Call
    result: Any = None


def take(turn: Turn) -> None:
    """Make the call: this is all that is timed."""
    turn.result = turn.call()


class Heat:
    """A race on a track: check the answer, then hand out turns and compare their results."""

    def __init__(self, race: Race, contestants: dict[str, Call], track: Track, seed: int) -> None:
        self.race, self.contestants, self.track = race, contestants, track
        self.size = race.large if track.on_gpu else race.small
        self._draw = track.draw(seed)
        self._pairs = [(d, c) for d in race.directions for c in contestants]
        self._turns = self._all_turns()
        self._now = ""  # whose turn it is
        self.order: list[tuple[str, str]] = []  # who was timed when

    @property
    def turns_in_a_lap(self) -> int:
        """How many calls are timed on the same data."""
        return len(self._pairs)

    def check_first(self) -> None:
        """Require the right answer before anything is timed, as a hidden test does."""
        race = self.race
        arguments = race.arguments(self._draw, race.small)
        want = _narrow(race.truth(*arguments), self._draw.dtype)
        entrant = race.entrant(race.subject)
        check(entrant, *arguments, want=want, slack=race.slack)
        if race.backward is not None:
            upstream = self._draw.normal(*want.shape)
            check_gradient(
                entrant, *arguments, like=race.torch, upstream=upstream, slack=race.slack
            )
        # The timed calls aren't guarded; so this one is, with data of their size.
        arguments = race.arguments(self._draw, self.size)
        with race.subject.guard():
            got = race.entrant(race.subject.bare)(*tree_map(_copy, arguments))
        want = _narrow(race.truth(*arguments), self._draw.dtype)
        self._compare(got, want, "subject", f"for inputs of size {list(self.size)}")

    @cached_property
    def costs(self) -> dict[str, Cost]:
        """The formula's own count, by direction."""
        arguments = self.race.arguments(self.track.draw(0), self.size)
        return {d: Cost(**count(*arguments)) for d, count in self.race.directions.items()}

    @contextmanager
    def blaming(self) -> Iterator[None]:
        """Turn an error of the answer under test into a verdict; any other is the suite's own."""
        try:
            yield
        except Verdict:
            raise
        except Exception as error:
            if self._now != "subject":
                raise
            raised = sentence(f"raised {type(error).__name__}: {error}")
            told = f"{self.race.subject.name}, when it was called again and again to be timed,"
            raise Crashed(f"{told}\n{raised}") from error

    def setup(self) -> tuple[tuple[Turn], dict[str, Any]]:
        """Prepare the next turn; return it as the arguments of `take`."""
        turn = next(self._turns)
        self.track.cool()
        return (turn,), {}

    def teardown(self, turn: Turn) -> None:
        """Compare what the timed call returned."""
        self.order.append((turn.direction, turn.contestant))
        what = f"in the timed call {turn.number} ({turn.direction}), with new data"
        self._compare(turn.result, turn.lap.wants[turn.direction], turn.contestant, what)

    def rehearse(self) -> float:
        """Take one lap untimed, to warm up; return its seconds, all told."""
        start = self.track.clock()
        for _ in self._pairs:
            (turn,), _ = self.setup()
            take(turn)
            self.teardown(turn)
        self.order.clear()
        return self.track.clock() - start

    def _all_turns(self) -> Iterator[Turn]:
        buffers: tuple[Any, ...] = ()
        number = 0
        while True:
            lap = self._lap()
            buffers = buffers or tree_map(_buffer, lap.arguments)
            shift = number % len(self._pairs)
            for direction, contestant in self._pairs[shift:] + self._pairs[:shift]:
                yield self._turn(direction, contestant, number, lap, buffers)
            number += 1

    def _lap(self) -> Lap:
        race, dtype = self.race, self._draw.dtype
        lap = Lap(race.arguments(self._draw, self.size))
        doubles = wide(lap.arguments)
        if race.backward is None:
            lap.wants["forward"] = _narrow(race.torch(*doubles), dtype)
            return lap
        leaves = [x.requires_grad_() for x in _floating(doubles)]
        result = race.torch(*doubles)
        lap.upstream = self._draw.normal(*result.shape)
        grads = torch.autograd.grad(result, leaves, lap.upstream.double())
        lap.wants = {"forward": _narrow(result.detach(), dtype), "backward": _narrow(grads, dtype)}
        return lap

    def _turn(
        self, direction: str, contestant: str, number: int, lap: Lap, buffers: tuple[Any, ...]
    ) -> Turn:
        self._now = contestant
        for buffer, value in zip(*map(tree_leaves, (buffers, lap.arguments)), strict=True):
            if isinstance(buffer, Tensor):
                buffer.detach().copy_(value)
        # Forward is timed as in training where backward is timed as well: else an answer could
        # move the work of one to the other, unseen.
        leaves = _floating(buffers) if self.race.backward is not None else []
        for leaf in leaves:
            leaf.requires_grad_()
        call = partial(self.contestants[contestant], *buffers)
        if direction == "backward":
            call = partial(torch.autograd.grad, call(), leaves, lap.upstream)
        return Turn(direction, contestant, number, lap, call)

    def _compare(self, got: Any, want: Any, contestant: str, when: str) -> None:
        lines = differences(got, want, Tolerance(self.race.slack))
        if not lines:
            return
        if contestant == "subject":
            raise Mismatch("\n".join([f"{self.race.subject.name}, {when}:", *lines]))
        raise AssertionError("\n".join([f"the {contestant} is wrong {when}:", *lines]))


def _floating(arguments: tuple[Any, ...]) -> list[Tensor]:
    return [a for a in tree_leaves(arguments) if isinstance(a, Tensor) and a.is_floating_point()]


def _copy(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def _buffer(value: Any) -> Any:
    return torch.empty_like(value) if isinstance(value, Tensor) else value


def _narrow(value: Any, dtype: torch.dtype) -> Any:
    """Round what was computed in float64 to the dtype of the race."""
    if isinstance(value, Tensor):
        narrow = {torch.float64: dtype, torch.complex128: dtype.to_complex()}
        return value.to(narrow.get(value.dtype, value.dtype))
    return (
        type(value)(_narrow(v, dtype) for v in value) if isinstance(value, tuple | list) else value
    )
