"""What delivery's doors share: booking, hand-over, scans, and what they mean for a dossier."""
