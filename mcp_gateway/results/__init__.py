"""What a model reads: how a question stands, and what was wrong with a call, in words."""
