"""Laws take as long as the machine needs: a busy one must not look like a wrong one."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
