"""Floor 0: what knows neither Flask nor the domain."""
