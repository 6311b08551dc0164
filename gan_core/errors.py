"""The one exception for everything that a user can cause, and mend."""


class WorkbenchError(Exception):
    """One sentence that says what is wrong and what to do about it.

    Raised anywhere in the library, caught once at the edge: a page shows it in a box,
    the command line prints it and exits with 1.
    """
