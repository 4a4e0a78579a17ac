"""The program that makes figures; `figures_command` says what it can be asked for."""

import sys

from geomtoy_command import INTERRUPTED, interrupts_end

STOPPED = "make_figures.py: interrupted; the same command goes on where it was"

if __name__ == "__main__":
    with interrupts_end(STOPPED):
        from figures_command import main

        from geomtoy.errors import GeomtoyError
    try:
        main()
    except GeomtoyError as error:
        print(f"make_figures.py: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        sys.exit(INTERRUPTED)
