"""What every room may lean on: errors, places in files, time, canonical JSON."""
