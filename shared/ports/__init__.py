"""What the use-cases need from the world, as small Protocols that state their guarantees.

Each has an adapter on Redis (`shared.redis_adapter`) and a twin in memory (`shared.memory`),
held to the same contract tests in `tests/contract`.
"""
