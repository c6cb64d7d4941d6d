"""Routes and escalation policies: who is asked, where, and what is done when nobody answers.

Reading order: `route` (what stands in a `routes.toml`), `schedule` and `on_call` (who is on call),
`policy` (which steps are due), `file` (how the file is read, and what is said of its mistakes).
Everything is a value or a pure function; only `file` reads, and only its one file.
"""
