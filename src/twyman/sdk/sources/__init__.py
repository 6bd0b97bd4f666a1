"""Where a client's state comes from: memory, a file, or a server."""
