"""Where the one executable begins."""

from buildos_box.cli.main import main

main()
