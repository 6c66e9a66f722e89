"""All that an organisation's records are, out as one archive and back into an empty installation."""
