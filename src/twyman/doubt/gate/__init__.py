"""The launch gate: what else would differ between an experiment's arms, found before anybody is exposed."""
