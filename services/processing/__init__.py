"""Processing: the one console of all staff, from the counter to the signed result.

Owns: the worklist (one row per dossier, its open task), who holds a dossier, numbers and signed results.
Publishes: nothing; every act goes to the dossier's workflow, which publishes the facts.
Must not: keep a person's data, decide what the lifecycle table decides, take money or hand parcels over.
"""
