"""The studies, one family of methods a file: adding a method is adding a line."""
