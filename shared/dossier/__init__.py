"""The dossier as the law sees it: stages, actions, refusals, deadlines, fees, codes, permission. Pure."""
