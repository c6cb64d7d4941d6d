"""What nobody should send: a list of bad requests with the answers that are right; made-up ones.

`cases` is the list, a file for each kind; `case` what one is; `house` the gateway to which it is
sent over a socket (`wire`). `doorway` is the same application in this process, for
`test_properties` (strategies in `made_up`) and for `fuzz`.
"""
