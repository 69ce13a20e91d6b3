"""`motcua bench …`: figures as ratios side by side in one run, with machine and versions; never timed tests."""
