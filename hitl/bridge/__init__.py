"""`hitl stdio`: MCP over standard input and output, for a gateway that is reached over HTTP.

Many clients on a desktop start their servers themselves and speak to nothing else. This process is
such a server; it holds the key, knows nothing of Redis, and outlives the gateway's restarts.
"""
