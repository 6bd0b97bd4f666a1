"""One answer, shown: the page, the terminal, the notebook, the tidy rows and the JSON. Computes no statistic."""
