"""The fold's job on other stream processors: one program each, run in its own environment by `deploy.bench.peers`.

They import nothing of the project and nothing of each other but `job` and `sink`: what all of them must do alike.
"""
