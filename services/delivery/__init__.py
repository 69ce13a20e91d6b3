"""Delivery: parcels of results, the carrier's webhook, what the carrier's scans mean for a dossier.

Owns: the schema `delivery` (parcels, the inbox of scans).
Publishes: `delivery.carrier-events.v1`, each verified scan as it came, key = dossier code.
Must not: keep a name or an address, believe "delivered" before the carrier's own books show the proof.
"""
