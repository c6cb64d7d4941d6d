"""Clients that others wrote, each in its own environment and process: docs/clients.md.

A folder is a client: what it stands on, pinned; `configuration`, which the document shows as it
is; and `run`, which uses it. Nothing in these folders imports anything of ours.
"""
