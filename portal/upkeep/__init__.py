"""Looking after what is kept: backups, the way back from them, and forgetting. It serves no page."""
