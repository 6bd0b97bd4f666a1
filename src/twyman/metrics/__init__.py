"""What is measured: entities, sources of facts, windows, metrics, and the catalogue that holds them."""
