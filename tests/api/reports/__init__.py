"""What is asked of everything over the API."""
