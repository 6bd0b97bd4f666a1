"""What a client sends: exposures and events, in batches, in the background."""
