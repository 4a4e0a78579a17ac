"""The version, for `geomtoy.__version__`, the command line and the package alike."""

VERSION = "0.2.0"
