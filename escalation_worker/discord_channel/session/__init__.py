"""Being connected: one client, the turn to listen, what was missed and what is gone."""
