"""Floor 7: what the unit does with a concern after triage: assess, serve, refer, hand over, end it by two."""
