"""Property tests have no deadline, as the machine may be busy, and leave no folder of examples behind."""

from hypothesis import settings

settings.register_profile("domain", deadline=None, database=None)
settings.load_profile("domain")
