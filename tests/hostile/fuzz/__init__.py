"""Fuzzing by coverage: `make fuzz SECONDS=…`. What it makes up grows out of the list's requests.

`targets` are the functions, which know nothing of the fuzzer, so that the list's own seeds run
through them with every test; `seeds` are those. `__main__` runs one target under atheris.
"""
