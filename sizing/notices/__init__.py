"""What a person should know about a plan, each with a stable code. Figures carry their basis."""
