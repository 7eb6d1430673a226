"""`groundcrew`, also `python -m groundcrew_cli`"""

from groundcrew_cli.app import main

if __name__ == "__main__":
    main()
