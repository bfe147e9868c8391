"""Floor 4: people, what they may do, and how they sign in."""
