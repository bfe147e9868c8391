"""Floor 2: the write side of the trail. Who did what to which thing, when, why; never content."""
