"""Who may do what. The stores ask here; a page only hides what would be refused. Knows nothing of torch."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, true

from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.store.tables import EvaluationRow, ExperimentRow, Run

Owned = Run | EvaluationRow | ExperimentRow
"""What belongs to who made it."""

LONGEST_IN_LOG = 20


class Visitor(NamedTuple):
    """Who is asking.

    Args:
        person: the number of a row in `people`; 0 for somebody who has made nothing yet.
        may_everything: a teacher, or the owner of the machine.
        watches_all: whether the runs of others are listed too, as in a class.
    """

    person: int = 0
    name: str = ""
    may_everything: bool = False
    watches_all: bool = False

    @property
    def short_name(self) -> str:
        """What a log calls them: `person 12 'Ana'`."""
        if not self.person:
            return "owner" if self.may_everything else "nobody"
        return f"person {self.person}" + (f" {self.name[:LONGEST_IN_LOG]!r}" if self.name else "")

    def may_list(self, job: Owned) -> bool:
        """Whether it is shown without a link. What belongs to nobody in particular is the owner's of the machine."""
        return self.may_everything or (job.person_id != 0 and (self.watches_all or job.person_id == self.person))

    def listed(self, table: type[Owned]) -> ColumnElement[bool]:
        """`may_list` for SQL."""
        if self.may_everything:
            return true()
        return table.person_id != 0 if self.watches_all else and_(table.person_id == self.person, table.person_id != 0)

    def may_change(self, job: Owned) -> bool:
        return self.may_everything or (job.person_id != 0 and job.person_id == self.person)

    def refuse_change(self, job: Owned) -> None:
        """Raises WorkbenchError if this visitor may not stop, change or delete it."""
        if not self.may_change(job):
            raise not_yours()


def not_yours() -> WorkbenchError:
    return WorkbenchError("This belongs to somebody else; you may watch it, and make one of your own.")


def link_key(run: Run | ExperimentRow) -> str:
    """What stands for a run or an experiment in links: its number, or its name where a number that can be guessed must
    open nothing.
    """
    return run.name if hosting().mode == "public" else str(run.id)


OWNER = Visitor(may_everything=True, watches_all=True)
"""The owner of the machine: the command line, and every visitor in the mode `personal`."""
