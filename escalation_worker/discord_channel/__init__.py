"""Discord as a channel to people.

`showing` sends (REST): questions, their threads, and what becomes of them. `hearing` takes in what
people write, click, fill in and command. `session` logs in and keeps both on one client while it is
this worker's turn, finds what was missed and what is gone. `places` finds channels and messages,
`problems` turns Discord's errors into ours, `assembling` puts all of it together.
"""
