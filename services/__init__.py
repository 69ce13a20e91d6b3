"""The five services: each one process, one schema, one charter; none imports another."""
