"""Payment: fees, orders at the gateway, cash at the desk, receipts, refunds, reconciliation.

Owns: the schema `payment` (attempts, notices, receipts, refunds, cases), the numbers of fee receipts.
Publishes: nothing; money that arrived becomes `fee_paid` in the dossier, whose facts tell everyone.
Must not: know a person, believe a notice before the gateway was asked, give a receipt before the dossier took the fee.
"""
