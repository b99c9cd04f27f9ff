"""What the command line prints: readable in 80 columns, in a log file, and without colour."""

import sys

from rich import box
from rich.console import Console
from rich.table import Table

WIDTH = 80


def console() -> Console:
    """Return a console of today's standard output; 80 columns where that is no terminal."""
    screen = Console(file=sys.stdout, highlight=False)
    return screen if screen.is_terminal else Console(file=sys.stdout, width=WIDTH, highlight=False)


def table(title: str, headings: list[str], rows: list[list[str]]) -> None:
    """Print a table in plain ASCII."""
    shown = Table(
        title=title, title_justify="left", box=box.ASCII2, show_edge=False, pad_edge=False
    )
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*row)
    console().print(shown)
    console().print()


def say(text: str, wrap: bool = True) -> None:
    """Print prose, or text whose lines stay as they are."""
    console().print(text, markup=False, soft_wrap=not wrap)
