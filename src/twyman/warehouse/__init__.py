"""The user's data: definitions become readable SQL, SQL becomes moments, and only moments come back."""
