"""`motcua bench dossiers`: dossiers per second with everything on, against the floor, in one run."""

from __future__ import annotations

import typer

app = typer.Typer(help="Figures as ratios, side by side in one run.", no_args_is_help=True)
