"""What the evidence allows: error budgets, tests over looks, and the verdict with all its reasons."""
