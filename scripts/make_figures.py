"""The program that makes figures; `figures_command` says what it can be asked for."""

import sys

if __name__ == "__main__":
    try:  # imports take a second, in which one may press Ctrl-C
        from figures_command import main

        from geomtoy.errors import GeomtoyError

        try:
            main()
        except GeomtoyError as error:
            print(f"make_figures.py: {error}", file=sys.stderr)
            sys.exit(2)
    except KeyboardInterrupt:
        print("make_figures.py: interrupted; the same command goes on where it was", file=sys.stderr)
        sys.exit(130)
