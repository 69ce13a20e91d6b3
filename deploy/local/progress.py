"""Says on stderr what is being waited for: a spinner on a terminal, else one line per ten seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Tell = Callable[[str], None]
_LINE_EVERY_S = 10.0


@contextmanager
def working(what: str) -> Iterator[Tell]:
    """A function that says how far `what` has come; call it as often as you like."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what)
            yield lambda detail: bar.update(task, description=f"{what}: {detail}"[: max(20, console.width - 14)])
        return
    began = last = time.monotonic()

    def tell(detail: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _LINE_EVERY_S:
            last = now
            console.print(f"{what}: {detail} ({now - began:.0f} s)", soft_wrap=True, markup=False, highlight=False)

    yield tell
