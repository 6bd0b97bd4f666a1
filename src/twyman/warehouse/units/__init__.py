"""Who met which arm and when, and what was known of them before."""
