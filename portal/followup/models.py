"""What officers write while they work on a concern: kept one floor below, where casework writes too."""

from portal.casework.models import Note

__all__ = ["Note"]
