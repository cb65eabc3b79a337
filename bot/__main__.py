"""`python -m bot`: the same as `mousekeeper`."""

from bot.cli import main

if __name__ == "__main__":
    main()
