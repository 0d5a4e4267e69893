"""One draw again, by the key that the tables name: what was handed over, and the whole diagnosis."""

from __future__ import annotations

from rich.console import Console

from .run import Task
from .score import diagnose, examine


def show_again(key: str, seed: int, handed: tuple[str, ...], console: Console) -> None:
    """The case of a key like `one/bias-mean/3`, `two/17` or `correct/float32/kinks/7`, diagnosed."""
    kind, *middle, draw = key.split("/")
    task = Task(kind, int(draw), seed, middle[0] if middle else "", handed)
    case = task.case()
    console.print(case.describe(), highlight=False)
    for way in handed:
        outcome = examine(case, way)
        console.print(
            f"as {way}: detected {outcome.detected}, located {outcome.located}, named {outcome.named}, "
            f"extra {outcome.extra}, said {outcome.said}, {outcome.seconds:.1f} s"
        )
        console.print(outcome.error or diagnose(case, way))
