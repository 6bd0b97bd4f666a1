"""How engines spell our words: one table an engine, and the few steps that all translations share."""
