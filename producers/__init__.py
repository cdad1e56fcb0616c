"""How events come in: the SDK, and one package for each source."""
