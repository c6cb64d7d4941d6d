"""What anybody, bot or person, can do in the double.

Each act checks its rules first, then changes the world and publishes the events, in one
go without awaiting. Acts raise `Refusal` and change nothing when they may not be done.
"""
