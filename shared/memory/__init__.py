"""The ports in memory, with the same guarantees for as long as the process lives.

For tests of the use-cases and as the plainest statement of what the Lua files decide.
"""
