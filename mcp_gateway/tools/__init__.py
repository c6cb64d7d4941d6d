"""The tools: what each takes, and what it does with it."""
