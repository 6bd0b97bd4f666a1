"""The only room that names concrete classes: which adapter stands behind each port.

`analysis` puts definitions, warehouse and report together, `flags` whatever serves flags; each loads only its own.
"""
