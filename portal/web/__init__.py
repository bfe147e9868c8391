"""Floor 1: the Flask glue that every feature uses. Knows no feature."""
