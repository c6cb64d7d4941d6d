"""The MCP server: takes an agent's questions, waits for people's answers, passes them on.

`tools` parse and render, `asking` decides, `auth` knows who calls, `app` serves. Stateless: all
that matters is in Redis, so any number of gateways can stand behind any balancer.
"""
