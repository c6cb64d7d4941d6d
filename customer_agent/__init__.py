"""The agent that talks with the customer, on VideoSDK's runtime.

It speaks MCP to the gateway and nothing else: it knows neither Redis nor Discord.

```
__main__ ─▶ chat (a page in the browser) ─┐
         ─▶ room (a VideoSDK room) ───────┴▶ conversation ─▶ agent, delivery ─▶ questions
                                                                                  │
                                     gateway_client ◀─────────────────────────────┘
```
"""
