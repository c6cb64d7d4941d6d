"""What stands before the tools: who is let in, how often, and what is refused unread."""
