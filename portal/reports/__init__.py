"""Floor 9: reads everything, writes nothing."""
