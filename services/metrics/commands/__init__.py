"""The doors for operators: `motcua kpi` with `fold`, `why` and `whatif`; `motcua verify`, `motcua rebuild`."""

from services.metrics.commands.kpi import app as kpi
from services.metrics.commands.rebuild import rebuild
from services.metrics.commands.verify import verify

__all__ = ["kpi", "rebuild", "verify"]
