"""`python -m fairlead`."""

import sys

from fairlead.app.cli import main

sys.exit(main())
