"""From a question to the statement that answers it, and from its rows back to moments."""
