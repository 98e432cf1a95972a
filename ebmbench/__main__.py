"""``python -m ebmbench`` is the command ``ebmbench``."""

from ebmbench.cli import main

if __name__ == "__main__":
    main()
