"""Floor 5: awareness sessions (*sosialisasi*): where, about what, how many. Never who came."""
