"""What a WSGI server runs: ``gunicorn wsgi:app``."""

from donorhub import config, logs
from donorhub.app import create_app

settings = config.load_settings()
logs.configure_logs(settings.log_format)
app = create_app(settings)
