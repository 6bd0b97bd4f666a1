"""Why might this be wrong? Each check answers with what was seen, what it would explain, and what to do."""
