"""What the five services and the workflow have in common: five rooms, each knows only those below it.

web → platform → contracts → dossier → catalogue. The last two are pure: no I/O, no clock, no chance.
"""
