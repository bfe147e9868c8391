"""Floor 8: the unit's desk. What the cadre's side cannot import, it cannot show."""
