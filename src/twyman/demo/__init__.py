"""The story, on simulated users: a music service whose +6 % in New Zealand was somebody else's doing.

`simulator` makes the world and writes it as Parquet beside the definition files of `project/`;
`story` analyses both phases and tells what came out. Everything follows from one seed.
"""
