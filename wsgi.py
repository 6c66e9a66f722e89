"""What a WSGI server runs: ``gunicorn wsgi:app``."""

from donorhub.app import create_app

app = create_app()
