"""The fault lab: experiments whose faults are known, and what the product says of them.

A small music service is simulated, healthy or with one fault as it would happen in reality; the product
reads the tables that come of it through its public face, and is held to what was put in.
"""
