"""Catatan Kader: the first mile between a neighbourhood and the unit that protects."""
