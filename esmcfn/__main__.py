"""`python -m esmcfn` is `esmcfn`."""

from esmcfn.cli import main

main()
