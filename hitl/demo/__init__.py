"""The all-in-one demo: every process for real, and one page with both sides of it.

```
show ─▶ stage      starts Redis, gateway, worker and agent, and stops them again
     │    ─▶ processes ─▶ leash   one child process: its log, its health, its end
     ─▶ scene      plays customer and operator through their HTTP interfaces
     ─▶ page       the page with the customer on the left and the desk on the right
```
"""
