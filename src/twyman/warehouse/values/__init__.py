"""What each unit did: facts become values per unit, chains of steps, waits and ranks."""
