"""Outside institutions for the local stack and the tests, as separate processes.

They speak the institutions' own protocols over HTTP and import nothing of ours: whatever we get wrong in our clients
cannot be got wrong the same way here. Each keeps an append-only ledger, from which it recovers after a kill.
"""
