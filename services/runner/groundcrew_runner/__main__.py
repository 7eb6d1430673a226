"""`python -m groundcrew_runner`"""

from groundcrew.runtime.run import main
from groundcrew_runner.service import wire
from groundcrew_runner.settings import Settings

if __name__ == "__main__":
    main("runner", Settings, wire)
