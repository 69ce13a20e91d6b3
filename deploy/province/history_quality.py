"""How good each agency is at what the directive asks, and how the province learns over the months.

Invented, but shaped as such figures are: every skill is spread over all agencies from the best to the worst, so that
a board has green and red rows and a few between; an agency good at one thing is likely to be good at others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

BASELINE: Final = date(2022, 5, 15)
"""When the directive measured: 32 % of dossiers online (1559/CT-UBND)."""
_CLEAN: Final = 0.7
"""From this skill on an agency is never late."""
_FLAWLESS: Final = 0.85
"""From this skill on an agency has every national-portal dossier online, from 2023."""


@dataclass(frozen=True)
class Quality:
    """Skills of one agency, each from 0 (the worst of the province) to 1 (the best)."""

    online: float
    payment: float
    punctual: float
    digital: float
    reuse: float
    exact: float
    """Asks for supplements rarely, once and in time."""
    size: float
    """How many dossiers it gets, compared with others of its kind."""

    def online_share(self, on: date, ease: float, *, national: bool) -> float:
        """The share of filings that come in online; `ease` of the procedure in log-odds."""
        if national and self.online > _FLAWLESS and on >= date(2023, 1, 1):
            return 1.0
        pushed = 0.25 if on.day <= 7 else 0.0  # noqa: PLR2004 - campaign week
        return _odds(-0.54 + 0.085 * _months(on) + 3.4 * (self.online - 0.5) + ease + pushed)

    def paid_online_share(self, on: date, *, from_home: bool) -> float:
        """The share of fees paid through the national platform or the gateway, by QR at the counter too."""
        share = _odds(-0.3 + 0.08 * _months(on) + 3.6 * (self.payment - 0.5))
        return share if from_home else 0.45 * share

    def late_share(self, on: date) -> float:
        """The share of dossiers that miss their due time, before what the season adds."""
        if self.punctual >= _CLEAN:
            return 0.0
        lack = (_CLEAN - self.punctual) / _CLEAN
        return (0.004 + 0.78 * lack**4) * max(0.6, 1.08 - 0.02 * _months(on))

    def twin_share(self, on: date) -> float:
        """The share of results on the spot that get a signed electronic twin, so that the dossier is digitized."""
        return _odds(-1.9 + 0.13 * _months(on) + 3.6 * (self.digital - 0.5))

    def reuse_share(self, on: date) -> float:
        """The share of papers that are looked up instead of asked for, where somebody else has them."""
        return _odds(-2.3 + 0.11 * _months(on) + 4.0 * (self.reuse - 0.5))

    @property
    def supplement_share(self) -> float:
        return 0.015 + 0.11 * (1 - self.exact) ** 2


def qualities(agencies: Sequence[str], seed: int) -> dict[str, Quality]:
    """Each agency's skills: ranks of seeded scores, so that every skill has its best and its worst."""
    chance = Random(f"{seed}/qualities")  # noqa: S311 - a repeatable story, not a secret
    latent = {code: chance.gauss() for code in sorted(agencies)}
    ranks = {name: _ranks(latent, chance) for name in ("online", "payment", "punctual", "digital", "reuse", "exact")}
    sizes = {code: math.exp(chance.gauss(0, 0.45)) for code in latent}
    return {code: Quality(size=sizes[code], **{name: rank[code] for name, rank in ranks.items()}) for code in latent}


def _ranks(latent: dict[str, float], chance: Random) -> dict[str, float]:
    scores = {code: trait + chance.gauss(0, 0.9) for code, trait in latent.items()}
    ordered = sorted(scores, key=scores.__getitem__)
    last = max(1, len(ordered) - 1)
    return {code: place / last for place, code in enumerate(ordered)}


def _months(on: date) -> float:
    return (on - BASELINE).days / 30.44


def _odds(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
