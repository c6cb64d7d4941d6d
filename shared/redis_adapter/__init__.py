"""The ports on Redis. `connection` makes clients, `keys` names keys, `lua/` decides.

`store` keeps questions, `posting` sees that each is shown once, `slots` and `hearing` see that each
reply is heard, `waiting` wakes whoever waits,
`jobs` writes arq's wire format, `pacing` spaces the REST calls of all workers.
"""
