"""`python -m groundcrew_meta`"""

from groundcrew.runtime.run import main
from groundcrew_meta.service import wire
from groundcrew_meta.settings import Settings

if __name__ == "__main__":
    main("meta", Settings, wire)
