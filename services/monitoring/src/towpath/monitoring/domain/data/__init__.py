"""Whether documents are as the objective wants them: shares of what checks find, as alarms. Pure."""
