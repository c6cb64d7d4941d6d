"""The command line: one door to every process, and the all-in-one demo."""
