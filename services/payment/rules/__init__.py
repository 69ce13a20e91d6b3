"""Payment's pure decisions: what a notice is answered, what becomes of an attempt, when the gateway is asked again."""
