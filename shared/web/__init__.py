"""What every door of every service has in common: the application, problems, identity, entity tags, pages."""
