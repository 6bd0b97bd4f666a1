"""What is compared and what was promised: arms, metric roles, the expectation, the plan of looks."""
