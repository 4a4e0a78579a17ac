"""`python -m geomtoy` is `geomtoy`."""

import sys

from geomtoy.cli import main

sys.exit(main())
