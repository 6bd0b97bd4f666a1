"""A folder's flags as one state: rules, segments, clients, claims and imports, read, checked and put together."""
