"""Statistics of experiments, from moments: estimators, intervals, sequential bounds, balance."""
