"""Floor 6, the heart: a concern about somebody, passed on by a cadre and sealed to the unit."""
