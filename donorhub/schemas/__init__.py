"""What a noun's input and answer may be, for API, page and command alike. No queries."""
