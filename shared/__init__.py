"""What the processes have in common: the domain, its ports, and the adapters behind them.

Reading order: `escalation` (what there is), `ports` (what can be done with it),
`redis_adapter` (how it is kept), `memory` (the same promises without Redis).
Nothing here knows of Discord, MCP or VideoSDK.
"""
