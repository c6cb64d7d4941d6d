"""Random faults against the whole system, a history of what everybody saw, and a checker of it.

A campaign starts real processes (Valkey, gateways, workers, the Discord double), lets clients ask
and people answer without pause, and meanwhile kills, stops, cuts and disturbs whatever it can.
Everything that anybody saw goes into a history, and a pure function over that history says
whether a promise was broken.

| module | what it holds |
| --- | --- |
| `plan.py` | what one campaign does, and with what chances; all dice come from one seed |
| `fleet.py` | the processes: started, killed, stopped, paused, started anew |
| `askers.py` | clients of the gateways; another kind of asker is one more `Asker` |
| `operators.py` | people in Discord, and how each treats a question |
| `chaos.py` | what is done to the fleet, and when |
| `campaign.py` | all of them together, until everything has settled |
| `ending.py` | what Redis and Discord hold at the end |
| `history.py` | one line of JSON for each thing that happened |
| `facts.py` | a history read back, question by question |
| `checker.py` | history → violations |
| `figures.py` | history → counts and times |
| `report.py` | the table, and the whole story of a question whose promise was broken |
| `mutations.py`, `mutant.py` | the product with one guarantee broken, to test the checker |

How to run it and read it: docs/faults.md.
"""
