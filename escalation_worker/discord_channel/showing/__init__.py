"""What people see: a question's message and thread, and what becomes of it."""
