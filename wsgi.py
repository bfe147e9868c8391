"""What a WSGI server and the `flask` command load."""

import sys

from portal.app import create_app
from portal.base.settings import BadSettings

try:
    app = create_app()
except BadSettings as bad:
    sys.exit(str(bad))
