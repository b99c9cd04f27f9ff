"""Values on their way between the grader and an answer that runs apart, as plain data.

A value becomes a tree of JSON and a list of byte strings (the entries of tensors). Never pickle:
whoever unpickles what a hostile process sends runs its code. Only the types below are read back;
anything else arrives as an `Alien` that can be shown, and that equals nothing.
"""

import importlib
import json
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST = 256 << 20  # bytes of one message
DTYPES = {str(d): d for d in vars(torch).values() if isinstance(d, torch.dtype)}
SIMPLE = (bool, int, float, str, tuple, type(None))  # what a module says of itself
NUMPY = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")


class Unreadable(Exception):
    """What came over the wire is no value."""


class Alien:
    """A value of a type that doesn't travel: its name and how it reads are all that is known."""

    def __init__(self, kind: str, told: str) -> None:
        self.__class__ = type(kind, (Alien,), {})
        self.told = told

    def __repr__(self) -> str:
        return self.told


class Writer:
    """Turns values into a tree and blobs; what isn't plain data is given to `other`."""

    def __init__(self, other: Callable[[Any], Any] | None = None) -> None:
        self.blobs: list[bytes] = []
        self._other = other
        self._known: dict[int, int] = {}
        self._shared: dict[int, int] = {}  # modules and their parameters, which may stand twice

    def know(self, tensors: Sequence[Tensor]) -> None:
        """Write these, from here on, as their places: the reader has the same ones."""
        self._known = {id(tensor): at for at, tensor in enumerate(tensors)}

    def write(self, value: Any) -> Any:
        """Return the tree of a value."""
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            return value if abs(value) < 1 << 62 else {"t": "int", "v": hex(value)}
        if kind is float:
            return {"t": "float", "v": value.hex()}
        if isinstance(value, complex | Fraction):
            parts = (
                (value.real.hex(), value.imag.hex())
                if isinstance(value, complex)
                else (hex(value.numerator), hex(value.denominator))
            )
            return {"t": "complex" if isinstance(value, complex) else "fraction", "v": parts}
        if kind is torch.Size:
            return {"t": "size", "v": list(value)}
        if isinstance(value, tuple | list) and (kind in (tuple, list) or isinstance(value, tuple)):
            plain: Any = tuple if isinstance(value, tuple) else list
            return {"t": plain.__name__, "v": [self.write(v) for v in plain.__iter__(value)]}
        if isinstance(value, dict):
            pairs = [[self.write(k), self.write(v)] for k, v in dict.items(value)]
            return {"t": "dict", "v": pairs}
        return self._object(value, kind)

    def _object(self, value: Any, kind: type) -> Any:
        if kind is Tensor or kind is torch.nn.Parameter:
            return self._tensor(value)
        if kind is np.ndarray and value.dtype.str[1:] in NUMPY:
            plain = np.ascontiguousarray(value)
            return {
                "t": "array",
                "dtype": value.dtype.str[1:],
                "shape": list(value.shape),
                "at": self._blob(plain.tobytes()),
            }
        if isinstance(value, np.generic) and value.dtype.str[1:] in NUMPY:
            return {"t": "generic", "dtype": value.dtype.str[1:], "v": value.tobytes().hex()}
        if kind is torch.dtype:
            return {"t": "dtype", "v": str(value)}
        if kind is torch.Generator:
            return {"t": "generator", "at": self._blob(value.get_state().numpy().tobytes())}
        sympy = sys.modules.get("sympy")
        if sympy is not None and isinstance(value, sympy.Basic | sympy.MatrixBase):
            return self._sympy(value)
        if self._other and isinstance(value, torch.nn.Module):
            return self._module(value)
        return self._other(value) if self._other else alien(value)

    def _module(self, value: torch.nn.Module) -> Any:
        """Write a module of the test: its class by torch's own that it comes from, and its state."""
        if id(value) in self._shared:
            return {"t": "again", "v": self._shared[id(value)]}
        self._shared[id(value)] = len(self._shared)
        base = next(kind for kind in type(value).__mro__ if kind.__module__.startswith("torch.nn"))
        plain = {k: v for k, v in vars(value).items() if k[0] != "_" and type(v) in SIMPLE}
        parts: dict[str, Any] = {
            "parameters": [[k, self._parameter(p)] for k, p in value._parameters.items()],
            "buffers": [[k, self.write(b)] for k, b in value._buffers.items()],
            "modules": [
                [k, None if m is None else self._module(m)] for k, m in value._modules.items()
            ],
        }
        names = {"class": type(value).__name__, "home": base.__module__, "base": base.__qualname__}
        return {"t": "module", "plain": self.write(plain)} | parts | names

    def _parameter(self, value: Any) -> Any:
        if value is None:
            return None
        if id(value) in self._shared:
            return {"t": "again", "v": self._shared[id(value)]}
        self._shared[id(value)] = len(self._shared)
        return self.write(value)

    def _tensor(self, value: Tensor) -> Any:
        if id(value) in self._known:
            return {"t": "known", "v": self._known[id(value)]}
        if value.layout is not torch.strided or value.device.type != "cpu" or value.is_quantized:
            return alien(value)
        # Not contiguous(): a single entry is that already, whatever its stride.
        flat = torch.empty(value.numel(), dtype=value.dtype).copy_(value.detach().reshape(-1))
        raw = flat.view(torch.uint8) if flat.numel() else flat
        return {
            "t": "tensor",
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "stride": list(value.stride()),
            "grad": value.requires_grad,
            "at": self._blob(raw.numpy().tobytes() if flat.numel() else b""),
        }

    def _sympy(self, value: Any) -> Any:
        import sympy as sp

        if isinstance(value, sp.Symbol):
            told = {k: v for k, v in value._assumptions_orig.items() if isinstance(v, bool)}
            return {"t": "symbol", "name": value.name, "v": told}
        if isinstance(value, sp.MatrixBase):
            return {"t": "matrix", "shape": value.shape, "v": [self.write(v) for v in value]}
        if isinstance(value, sp.Float):
            sign, mantissa, exponent, _ = value._mpf_
            bits = [int(sign), hex(int(mantissa)), int(exponent)]
            return {"t": "sympy_float", "v": bits, "precision": int(value._prec)}
        if isinstance(value, sp.Integer | sp.Rational):
            return {"t": "rational", "v": [hex(int(value.p)), hex(int(value.q))]}
        if isinstance(value, sp.Basic):
            applied = isinstance(value, sp.core.function.AppliedUndef)
            return {
                "t": "applied" if applied else "sympy",
                "kind": type(value).__name__,
                "v": [self.write(a) for a in value.args],
            }
        return alien(value)

    def _blob(self, raw: bytes) -> int:
        self.blobs.append(raw)
        return len(self.blobs) - 1


def alien(value: Any) -> dict[str, Any]:
    """Return the tree of a value that doesn't travel."""
    try:
        told = "".join(str.__str__(repr(value)))[:200]
    except BaseException:
        told = "(can't be shown)"
    return {"t": "alien", "kind": str(type(value).__name__)[:60], "v": told}


class Reader:
    """Turns a tree and its blobs into values again, and trusts neither."""

    def __init__(
        self,
        blobs: list[bytes],
        other: Callable[[dict], Any] | None = None,
        strided: bool = False,
        known: Sequence[Tensor] = (),
    ) -> None:
        self._blobs, self._other, self._strided, self._known = blobs, other, strided, known
        self.tensors: list[Tensor] = []  # those that ask for a gradient
        self._shared: list[Any] = []

    def read(self, tree: Any) -> Any:
        """Return the value of a tree."""
        if tree is None or type(tree) in (bool, int, str):
            return tree
        if not isinstance(tree, dict):
            raise Unreadable(f"a bare {type(tree).__name__}")
        kind = tree.get("t")
        read = getattr(self, f"_read_{kind}", None) if isinstance(kind, str) else None
        if read is not None:
            return read(tree)
        if self._other is None:
            raise Unreadable(f"a value of kind {kind!r}")
        return self._other(tree)

    def _read_int(self, tree: dict) -> int:
        return int(tree["v"], 16)

    def _read_float(self, tree: dict) -> float:
        return float.fromhex(tree["v"])

    def _read_complex(self, tree: dict) -> complex:
        return complex(*map(float.fromhex, tree["v"]))

    def _read_fraction(self, tree: dict) -> Fraction:
        return Fraction(*(int(v, 16) for v in tree["v"]))

    def _read_size(self, tree: dict) -> torch.Size:
        return torch.Size(tree["v"])

    def _read_tuple(self, tree: dict) -> tuple:
        return tuple(map(self.read, tree["v"]))

    def _read_list(self, tree: dict) -> list:
        return list(map(self.read, tree["v"]))

    def _read_dict(self, tree: dict) -> dict:
        return {self.read(k): self.read(v) for k, v in tree["v"]}

    def _read_dtype(self, tree: dict) -> torch.dtype:
        return DTYPES[tree["v"]]

    def _read_alien(self, tree: dict) -> Alien:
        kind = str(tree["kind"])[:60]
        return Alien(kind if kind.isidentifier() else "object", str(tree["v"])[:200])

    def _read_array(self, tree: dict) -> np.ndarray:
        if tree["dtype"] not in NUMPY:
            raise Unreadable(f"dtype {tree['dtype']!r}")
        return np.frombuffer(self._blobs[tree["at"]], tree["dtype"]).reshape(tree["shape"]).copy()

    def _read_generic(self, tree: dict) -> Any:
        if tree["dtype"] not in NUMPY:
            raise Unreadable(f"dtype {tree['dtype']!r}")
        return np.frombuffer(bytes.fromhex(tree["v"]), tree["dtype"])[0]

    def _read_generator(self, tree: dict) -> torch.Generator:
        made = torch.Generator()
        made.set_state(torch.frombuffer(bytearray(self._blobs[tree["at"]]), dtype=torch.uint8))
        return made

    def _read_tensor(self, tree: dict) -> Tensor:
        dtype, shape = DTYPES[tree["dtype"]], [int(n) for n in tree["shape"]]
        raw = self._blobs[tree["at"]]
        count = 1
        for n in shape:
            count *= n
        if min([0, *shape]) < 0 or count * dtype.itemsize != len(raw):
            raise Unreadable(f"{len(raw)} bytes for a tensor of shape {shape}")
        flat = torch.frombuffer(bytearray(raw), dtype=dtype) if raw else torch.empty(0, dtype=dtype)
        made = flat.reshape(shape)
        # Only what the grader sends: the other side chooses no memory. A stride of 0 stays behind:
        # entries that share their memory can't be written.
        if self._strided and raw and all(tree["stride"]):
            made = torch.empty_strided(shape, tree["stride"], dtype=dtype).copy_(made)
        if tree["grad"] is True and (dtype.is_floating_point or dtype.is_complex):
            made.requires_grad_()
            self.tensors.append(made)
        return made

    def _read_known(self, tree: dict) -> Tensor:
        return self._known[int(tree["v"])]

    def _read_module(self, tree: dict) -> torch.nn.Module:
        if not self._strided:  # only what the grader sends: this imports, and makes classes
            raise Unreadable("a module")
        base = getattr(importlib.import_module(tree["home"]), tree["base"])
        kind: Any = base if base.__name__ == tree["class"] else type(tree["class"], (base,), {})
        made = kind.__new__(kind)
        torch.nn.Module.__init__(made)
        self._shared.append(made)
        vars(made).update(self.read(tree["plain"]))
        for name, part in tree["parameters"]:
            made.register_parameter(name, self._read_parameter(part))
        for name, part in tree["buffers"]:
            made.register_buffer(name, self.read(part))
        for name, part in tree["modules"]:
            made.add_module(name, self.read(part))
        return made

    def _read_parameter(self, tree: Any) -> Any:
        if tree is None or tree["t"] == "again":
            return self.read(tree)
        asked = len(self.tensors)
        tensor = self.read(tree)
        del self.tensors[asked:]  # no argument itself: no gradient of it is asked for
        self._shared.append(torch.nn.Parameter(tensor.detach(), tensor.requires_grad))
        return self._shared[-1]

    def _read_again(self, tree: dict) -> Any:
        return self._shared[int(tree["v"])]

    def _read_symbol(self, tree: dict) -> Any:
        import sympy as sp

        told = {str(k): bool(v) for k, v in tree["v"].items()}
        return sp.Symbol(str(tree["name"]), **told)

    def _read_matrix(self, tree: dict) -> Any:
        import sympy as sp

        rows, columns = map(int, tree["shape"])
        return sp.Matrix(rows, columns, [self._basic(v) for v in tree["v"]])

    def _read_sympy_float(self, tree: dict) -> Any:
        import sympy as sp

        sign, mantissa, exponent = int(tree["v"][0]), int(tree["v"][1], 16), int(tree["v"][2])
        precision = min(int(tree["precision"]), 10_000)
        parts = (sign & 1, abs(mantissa), exponent, abs(mantissa).bit_length())
        return sp.Float(parts, precision=precision)

    def _read_rational(self, tree: dict) -> Any:
        import sympy as sp

        return sp.Rational(*(int(v, 16) for v in tree["v"]))

    def _read_sympy(self, tree: dict) -> Any:
        import sympy as sp

        kind = str(tree["kind"])
        made = getattr(sp, kind, None) or getattr(sp.S, kind, None)
        if kind == "ExprCondPair":
            made = sp.functions.elementary.piecewise.ExprCondPair
        arguments = [self._basic(v) for v in tree["v"]]
        if isinstance(made, sp.Basic) and not arguments:
            return made  # pi, I, oo
        if not (isinstance(made, type) and issubclass(made, sp.Basic)):
            raise Unreadable(f"sympy's {kind}")
        return made(*arguments)

    def _read_applied(self, tree: dict) -> Any:
        import sympy as sp

        return sp.Function(str(tree["kind"]))(*map(self._basic, tree["v"]))

    def _basic(self, tree: Any) -> Any:
        """Read a part of an expression: sympy would run a string as code, so none gets through."""
        import sympy as sp

        value = self.read(tree)
        if isinstance(value, sp.Basic) or type(value) in (int, bool):
            return value
        if type(value) is tuple and all(isinstance(v, sp.Basic) for v in value):
            return sp.Tuple(*value)
        raise Unreadable(f"a {type(value).__name__} in an expression")


def pack(tree: Any, blobs: list[bytes]) -> bytes:
    """Return a message."""
    head = json.dumps([tree, [len(b) for b in blobs]]).encode()
    return struct.pack("!Q", len(head)) + head + b"".join(blobs)


def send(channel: socket.socket, tree: Any, blobs: list[bytes] | None = None) -> None:
    """Send a message whole."""
    channel.sendall(pack(tree, blobs or []))


def receive(channel: socket.socket) -> tuple[Any, list[bytes]] | None:
    """Receive a message; None at the end of the line. A TimeoutError is the channel's own."""
    first = _exactly(channel, 8, may_end=True)
    if first is None:
        return None
    length = struct.unpack("!Q", first)[0]
    if length > MOST:
        raise Unreadable("a message that is too large")
    try:
        tree, sizes = json.loads(_exactly(channel, length) or b"")
        sizes = [int(n) for n in sizes]
    except (ValueError, TypeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if min([0, *sizes]) < 0 or sum(sizes) > MOST:
        raise Unreadable("a message that is too large")
    return tree, [_exactly(channel, n) or b"" for n in sizes]


def _exactly(channel: socket.socket, count: int, may_end: bool = False) -> bytes | None:
    held = bytearray()
    while len(held) < count:
        piece = channel.recv(min(count - len(held), 1 << 20))
        if not piece:
            if may_end and not held:
                return None
            raise Unreadable("a message that breaks off")
        held += piece
    return bytes(held)
