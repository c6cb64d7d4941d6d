"""Discord as a channel to people.

`channel` sends (REST), `listener` hears (gateway), `connection` logs in and keeps both on one
client while it is this worker's `turn`, `catching_up` finds what was missed and `losses` what is
gone, `rendering` turns questions into embeds, `problems` turns Discord's errors into ours.
`interactions` hears what is done with buttons and forms (`clicks`) and with commands (`commands`).
"""
