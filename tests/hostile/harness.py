"""Runs of the grader over learners' folders that hold one attack in each exercise, and right answers.

A run is a process of its own, as a learner's is. What it came to is read from the outside: pytest's
report, what it printed, its exit status, the canaries, and the processes that it left.
"""

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from xml.etree import ElementTree

from grader.machine import catalogue
from grader.machine.paths import ROOT, SOLUTIONS
from tests.hostile.attack import Attack

# One function each, with arguments. In the first, a tensor comes in first, and one goes out.
TAKE_TENSORS = (
    *("log_softmax", "log_sum_exp", "sigmoid", "softmax", "softmax_jacobian"),
    *("softmin", "two_class_softmax", "gan_value", "gan_value_discrete", "gan_value_from_logits"),
    *("generator_loss", "generator_objective", "optimal_discriminator", "binary_cross_entropy"),
    *("laplacian_quadratic_form", "normalized_laplacian", "random_walk_laplacian"),
    *("binary_cross_entropy_with_logits", "cross_entropy_grad", "negative_log_likelihood"),
    *("output_delta", "soft_cross_entropy", "softmax_regression", "ema", "sma", "wma"),
    *("cross_correlation", "conv2d_same"),
)
OTHERS = (
    *("conv_cost", "conv_input_sizes", "conv_output_size", "conv_output_size_total"),
    *("conv_parameter_count", "conv_reads", "conv_transpose_output_size", "max_valid_layers"),
    *("conv_transpose_weight_shape", "output_padding_to_restore", "overlap_counts"),
    *("round_trip_size", "same_padding", "shape_after_layers", "upsampling_kernel_size"),
    *("adjacency_matrix", "component_count", "degree_matrix", "laplacian", "spanning_tree_count"),
    *(
        "bits_per_symbol",
        "huffman_lengths",
        "soft_labels",
        "step_response",
        "equivalent_sma_window",
    ),
    *("ema_tail_weight", "ema_coefficients", "smoothing_equivalent", "sharpness"),
)
# Right answers, alphabetically among the others: graded before, between and after attacks.
NEIGHBOURS = ("softmax_jvp", "conv_matrix", "cross_entropy_hessian", "sma_recursive")
TIME_LIMIT = 3  # a busy machine must not make an honest answer late
KEPT = "this file belongs to somebody else\n"


@dataclass
class Graded:
    """What a run came to."""

    status: int
    printed: str
    left: list[str]  # processes that outlive it
    changed: list[str]  # files that nobody may touch, and somebody did
    outcomes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # by exercise

    def words(self, exercise: str) -> str:
        """Return what was said against an answer, on one line."""
        return " ".join(" ".join(told for _, told in self.outcomes.get(exercise, [])).split())

    def is_done(self, exercise: str) -> bool:
        """Whether an answer has full credit."""
        outcomes = self.outcomes.get(exercise, [])
        return bool(outcomes) and all(outcome == "passed" for outcome, _ in outcomes)


def placed(attacks: list[Attack]) -> list[dict[str, Attack]]:
    """Return folders: for each, the exercise in whose place each of its attacks stands."""
    folders: list[dict[str, Attack]] = []
    for attack in attacks:
        fitting = TAKE_TENSORS if attack.takes_tensors else (*OTHERS, *TAKE_TENSORS)
        fitting = (attack.at,) if attack.at else fitting
        for folder in folders:
            free = [name for name in fitting if name not in folder]
            if free:
                folder[free[0]] = attack
                break
        else:
            folders.append({fitting[0]: attack})
    return folders


def grade(attacks: dict[str, Attack], room: Path, *options: str) -> Graded:
    """Grade a folder of attacks, right answers among them."""
    answers, canaries = room / "answers", room / "canaries"
    _fill_canaries(canaries)
    for name, attack in attacks.items():
        _place(attack, name, answers, canaries)
    for name in NEIGHBOURS:
        _write(answers / catalogue.paths()[name].parent.name / f"{name}.py", _solution(name))
    theirs = [
        path
        for name in attacks
        for path in (catalogue.solution_path(name), catalogue.paths()[name])
    ]
    before = _fingerprints([*canaries.rglob("*"), *theirs])
    status, printed, left = _run(room, f"--target={answers}", *options, *attacks, *NEIGHBOURS)
    after = _fingerprints([*canaries.rglob("*"), *theirs])
    changed = sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
    return Graded(status, printed, left, changed, _outcomes(room / "report.xml"))


def _fill_canaries(folder: Path) -> None:
    _write(folder / "kept.txt", KEPT.encode())
    _write(folder / "deep" / "kept.txt", KEPT.encode())


def _place(attack: Attack, name: str, answers: Path, canaries: Path) -> None:
    hidden = catalogue.paths()[name]
    chapter, reference = hidden.parent.name, SOLUTIONS / hidden.parent.name / f"{name}.py"
    values = {
        "name": name,
        "chapter": chapter,
        "solution": reference.read_text(encoding="utf8"),
        "reference": str(reference),
        "hidden": str(hidden),
        "canaries": str(canaries),
    }
    path = answers / chapter / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    if attack.place == "folder":
        path.mkdir()
    elif attack.place == "link":
        path.symlink_to(reference)
    else:
        path.write_bytes(attack.text(values))
    for relative, text in attack.beside.items():
        at, filled = (Template(t).substitute(values) for t in (relative, text))
        _write(answers / at, filled.encode())


def _solution(name: str) -> bytes:
    return (SOLUTIONS / catalogue.paths()[name].parent.name / f"{name}.py").read_bytes()


def _write(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def _fingerprints(paths: list[Path]) -> dict[str, str]:
    """Return what every file holds, and its mode."""
    return {
        str(p): f"{p.lstat().st_mode:o} {hashlib.sha256(p.read_bytes()).hexdigest()}"
        for p in paths
        if p.is_file()
    }


def _run(room: Path, *options: str) -> tuple[int, str, list[str]]:
    mark = f"DEEPCLAIMS_HOSTILE={room}"
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "DEEPCLAIMS"))
    }
    environment |= dict([mark.split("=", 1)])
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--seed=1"]
    command += [f"--time-limit={TIME_LIMIT}", f"--junitxml={room / 'report.xml'}", *options]
    with open(room / "printed.txt", "wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status = process.wait(300)
    time.sleep(0.2)  # for children that are just ending
    printed = (room / "printed.txt").read_bytes().decode(errors="replace")
    return status, printed, _alive(process.pid, mark)


def _alive(session: int, mark: str) -> list[str]:
    """Return the processes of a session, and those that have its mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            is_marked = mark.encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if fields[0] != "Z" and (int(fields[3]) == session or is_marked):
            found.append(f"{process.name} {fields}")
    return found


def _outcomes(report: Path) -> dict[str, list[tuple[str, str]]]:
    outcomes: dict[str, list[tuple[str, str]]] = {}
    if not report.exists():
        return outcomes
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("classname", "").rpartition("test_")[2]
        child = next((c for c in case if c.tag in ("failure", "error", "skipped")), None)
        told = "passed", ""
        if child is not None:
            text = "" if child.tag == "skipped" else f"{child.get('message')} {child.text}"
            told = {"failure": "failed", "error": "error"}.get(child.tag, "skipped"), text
        outcomes.setdefault(name, []).append(told)
    return outcomes
