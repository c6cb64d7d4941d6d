"""Discord as a channel to people.

`channel` sends (REST), `listener` hears (gateway), `connection` logs in and keeps both on one
client, `rendering` turns questions into embeds, `problems` turns Discord's errors into ours.
"""
