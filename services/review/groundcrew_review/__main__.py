"""Entry point: `python -m groundcrew_review`."""

from groundcrew.runtime.run import main
from groundcrew_review.service import wire
from groundcrew_review.settings import Settings

if __name__ == "__main__":
    main("review", Settings, wire)
