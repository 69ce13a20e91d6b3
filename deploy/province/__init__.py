"""A believable province for demonstrations: people who file, staff who work, money that is paid. HTTP only."""
