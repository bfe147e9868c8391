"""Floor 8: reads everything, writes nothing."""
