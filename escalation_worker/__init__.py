"""Shows questions to people and takes their answers: arq jobs beside one channel to people.

`jobs` and `queue` are arq's side, `posting`, `answering` and `concluding` decide,
`discord_channel` and `desk` are the two channels, `bots` and `by_bot` know which bots there are and
whose a question is, `supervisor` keeps all of them running.
"""
