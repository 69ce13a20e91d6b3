"""Pure decisions of processing: whose task a dossier is, what may be done, what a result says."""
