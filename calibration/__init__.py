"""What the methods promise, counted over simulated experiments: `python -m calibration`."""
