"""The MCP extension `io.modelcontextprotocol/tasks`: an open question as a durable handle.

`shapes` are what goes over the wire, `store` is the port that the extension stands on,
`escalations` is that port over the asking use-case. `extension` answers `tasks/*` and turns a
call into a task, `listening` sends `notifications/tasks`. Nothing of a task is in memory: it is
the escalation's record, under the escalation's id, so any gateway answers for any task.
"""
