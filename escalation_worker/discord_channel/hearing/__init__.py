"""What people do: messages, edits, buttons, forms and commands, turned into use-cases."""
