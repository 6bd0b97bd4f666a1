"""What a person can ask of Twyman: one file a use case, the ports they need, and the answers they give."""
