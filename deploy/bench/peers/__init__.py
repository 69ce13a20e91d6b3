"""The peers of `motcua bench fold`: the fold's job on other stream processors, on the same broker and database.

Each program (deploy/bench/peer_programs) runs as a process of its own with the packages it is pinned to, made once into
the user's cache; the project's own environment never sees them.
"""

from deploy.bench.peers.environments import PEERS, missing
from deploy.bench.peers.running import Run, run

__all__ = ["PEERS", "Run", "missing", "run"]
