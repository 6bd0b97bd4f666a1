"""Whether an attribute meets a test: `reading` reads it, `criterion` decides, `value_set` does so for many values."""
