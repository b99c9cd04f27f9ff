"""Derive exercises/ from solutions/, so that a signature and its docstring are written once."""

import ast
import sys
from pathlib import Path

from grader.machine.paths import EXERCISES, LEFT_BEHIND, SOLUTIONS, relative

UNWRITTEN = "raise NotImplementedError"


def stub(source: str) -> str:
    """Return `source` with the body of each public function cut after its docstring.

    What is private (helpers, methods, tables) goes whole; a class keeps its constructor's signature.
    """
    tree, lines = ast.parse(source), source.splitlines()
    tables = [n for n in tree.body if _is_private(_assigned(n))]
    for node in sorted([*_functions(tree), *tables], key=lambda n: -n.lineno):
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]) - 1
        if not isinstance(node, ast.FunctionDef) or _is_private(node.name):
            while start and not lines[start - 1].strip():
                start -= 1
            lines[start : node.end_lineno] = []
        else:
            head = node.body[0]
            if not _is_docstring(head):
                raise ValueError(f"{node.name} has no docstring to keep")
            indent = " " * head.col_offset
            lines[head.end_lineno : node.end_lineno] = [indent + UNWRITTEN]
    return "\n".join(lines).rstrip() + "\n"


def is_begun(path: Path) -> bool:
    """Whether somebody has written into an exercise, told without running it.

    Comments, docstrings and imports don't count; a file that can't be parsed does.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except FileNotFoundError:
        return False
    except (SyntaxError, ValueError, OSError):  # a folder stands there, or it can't be read
        return True
    functions = _functions(tree)
    return not functions or not all(map(_is_unwritten, functions)) or _has_other_code(tree)


def write_missing() -> list[Path]:
    """Write the stubs that are missing or out of date, and never over somebody's work."""
    written = []
    for solution in sorted(SOLUTIONS.glob("*/*.py")):
        path = EXERCISES / solution.relative_to(SOLUTIONS)
        new = stub(solution.read_text(encoding="utf8"))
        if is_begun(path) or (path.exists() and path.read_text(encoding="utf8") == new):
            continue
        keep_copy(path)  # it may hold somebody's comments
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new, encoding="utf8")
        written.append(path)
    return written


def keep_copy(path: Path) -> Path | None:
    """Copy a file that is about to be replaced to the attempts; return the copy's path."""
    if not path.exists():
        return None
    folder = LEFT_BEHIND / "attempts" / path.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + len(list(folder.glob(f"{path.stem}.*.py")))
    while (copy := folder / f"{path.stem}.{number}.py").exists():
        number += 1
    copy.write_bytes(path.read_bytes())
    return copy


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    for owner in (n for n in tree.body if isinstance(n, ast.ClassDef)):
        found += [n for n in owner.body if isinstance(n, ast.FunctionDef)]
    return sorted(found, key=lambda n: n.lineno)


def _assigned(node: ast.stmt) -> str:
    """Return the name that a statement of the module binds, if it binds one."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return targets[0].id if isinstance(targets[0], ast.Name) else ""


def _is_unwritten(function: ast.FunctionDef) -> bool:
    body = function.body[1:] if _is_docstring(function.body[0]) else function.body
    return len(body) == 1 and ast.unparse(body[0]) == UNWRITTEN


def _has_other_code(tree: ast.Module) -> bool:
    expected = (
        ast.FunctionDef,
        ast.ClassDef,
        ast.Import,
        ast.ImportFrom,
        ast.Assign,
        ast.AnnAssign,
    )
    return not all(isinstance(n, expected) or _is_docstring(n) for n in tree.body)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def main() -> None:
    """Say which stubs were written."""
    for path in write_missing():
        sys.stdout.write(f"wrote {relative(path)}\n")


if __name__ == "__main__":
    main()
