"""The tables, files and queries that hold the rows: what stands in FROM, which columns, which times."""
