"""The REST API: one module per group of routes, each ending in its table `ROUTES`.

`dispatch` does for every route what Discord's front door does: authentication, rate
limits, faults, bodies and error answers. A handler gets a parsed `Call`, acts, and
returns a `Reply`; it never awaits.
"""
