"""The desk: a web page where people answer, the channel for whoever has no Discord.

```
serving ─▶ app ─▶ guard      who may call at all (Host, Origin, session), and what a page may load
                ─▶ sessions   the login, where a password is set
                ─▶ forms      what the page sends, parsed
                ─▶ replies    what became of a reply, as HTTP
                ─▶ board      what is open and how things ended, live
                ─▶ views      the same as JSON
channel        the outward side of the port: the page reads the store, so nothing is sent
static/        the page itself
```
"""
