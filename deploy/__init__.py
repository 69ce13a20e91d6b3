"""Everything that runs Một Cửa and nothing it decides: local stack, simulators, command line."""
