"""`python -m groundcrew_actions`"""

from groundcrew.runtime.run import main
from groundcrew_actions.service import wire
from groundcrew_actions.settings import Settings

if __name__ == "__main__":
    main("actions", Settings, wire)
