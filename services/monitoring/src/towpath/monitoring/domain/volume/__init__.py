"""How many documents come, and their rhythm: too few, or too many, for the hour of the week. Pure."""
