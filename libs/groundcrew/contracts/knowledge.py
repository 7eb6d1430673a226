"""What hybrid-coordinator remembers, and how others look it up."""

from pydantic import AwareDatetime, Field

from groundcrew.contracts.envelope import OpenEnum, Record
from groundcrew.contracts.identity import Entity, Id


class Collection(OpenEnum):
    """Vector collections. The first six are about this site, the others about how to work."""

    SYSTEMS = "systems"  # hosts and BMCs, as the inventory and collectors describe them
    RELATIONSHIPS = "relationships"  # what hangs together: feeds, switches, racks, dependencies
    ISSUES = "issues"  # resolved incidents
    DECISIONS = "decisions"  # actions with who decided and what came of them
    CONFIG_FILES = "config_files"  # configuration that an operator shows
    KNOWLEDGE = "knowledge"  # causes and steps of the packs, runbooks of the operator
    CODEBASE_CONTEXT = "codebase-context"
    SKILLS_PATTERNS = "skills-patterns"
    ERROR_SOLUTIONS = "error-solutions"  # what fixed which fault
    INTERACTION_HISTORY = "interaction-history"  # questions with their answers
    BEST_PRACTICES = "best-practices"
    UNKNOWN = "unknown"


class AugmentQuery(Record):
    """What is known that resembles this text."""

    text: str = Field(min_length=1, max_length=20_000)
    collections: list[Collection] = Field(default_factory=list, description="empty: all")
    entity: Entity | None = Field(None, description="only what is about this entity")
    limit: int = Field(8, ge=1, le=50)
    min_score: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="cosine similarity below which nothing is told; null: what fits the embedder, as cosines of two"
        " embedders do not compare",
    )


class Passage(Record):
    """One remembered text."""

    id: Id
    collection: Collection
    text: str
    score: float = Field(description="cosine similarity with the question, -1 to 1")
    entity: Entity | None = None
    ref: str = Field("", description="where it comes from: 'incident/<id>', 'action/<id>', 'pack/<name>', a file")
    time: AwareDatetime


class Augmented(Record):
    passages: list[Passage] = Field(description="most alike first")
    embedder: str = ""
    missing: str = Field("", description="one sentence: what could not be searched, empty where all was")


class Remember(Record):
    """A text that an operator or another service wants remembered; the same `ref` replaces what was there."""

    collection: Collection
    text: str = Field(min_length=1, max_length=20_000)
    ref: str = Field(min_length=1, max_length=400)
    entity: Entity | None = None
    actor: str = Field(min_length=1, max_length=200)


class Remembered(Record):
    id: Id
