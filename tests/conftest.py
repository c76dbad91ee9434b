"""What holds for every test."""

from hypothesis import settings

# A busy machine is slow now and then, which is no fault of the code.
settings.register_profile("nnspec", deadline=None)
settings.load_profile("nnspec")
