"""Who folds in `motcua bench fold`: raw reading, our fold, and the fold's job on other stream processors.

All on the same broker and database, each a process of its own. A peer's program (deploy/bench/peer_programs) runs with
the packages it is pinned to, made once into the user's cache; the project's own environment never sees them.
"""

from deploy.bench.peers.contenders import NAMES, OURS, Contender, contender
from deploy.bench.peers.environments import PEERS, missing

__all__ = ["NAMES", "OURS", "PEERS", "Contender", "contender", "missing"]
