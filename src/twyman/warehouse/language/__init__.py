"""What a definition may say in SQL, which files it may name, and the small words that statements are written in."""
