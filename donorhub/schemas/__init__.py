"""What may stand in a noun, for API, page and command alike. Form only: no queries."""
