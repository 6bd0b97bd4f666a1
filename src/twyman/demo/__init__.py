"""The story, on simulated users: a music service whose +6 % in New Zealand was somebody else's doing.

`simulator` makes the service as a folder: its flags, definitions and history from `project/`, and what its users did as
Parquet. Flags are dealt by our own resolver; New Zealand's exposures are those that our own client logs. `nets` says
when each of four nets fires on it, `story` tells it in two acts. Everything follows from one seed.
"""
