"""What the doors show: figures from counts, and the finished words of each page."""

from services.metrics.views.figures import FRESH, Door, Figure, Totals, day_of, figures, percent, proved, roll_up
from services.metrics.views.language import target_words

__all__ = ["FRESH", "Door", "Figure", "Totals", "day_of", "figures", "percent", "proved", "roll_up", "target_words"]
