"""Why a file could not be read or written, in words; and a file that several processes make at once."""

import errno
import os
from pathlib import Path

from gan_core.errors import WorkbenchError


def not_read(file: object, error: OSError) -> WorkbenchError:
    """The error for a file that exists but cannot be read."""
    return WorkbenchError("{file} cannot be read ({error}); check its rights.", file=file, error=error.strerror)


def not_written(file: object, error: OSError) -> WorkbenchError:
    """The error for a file or folder that could not be written: no room, no permission, or the system's own reason."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return WorkbenchError(
            "{file} could not be written because the disk is full; free some space and try again.", file=file
        )
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return WorkbenchError(
            "{file} could not be written because this program has no permission; change the permissions or choose "
            "another place.",
            file=file,
        )
    return WorkbenchError(
        "{file} could not be written ({error}); choose another place.", file=file, error=error.strerror or error
    )


def link_unless_there(aside: Path, file: Path) -> None:
    """Give a file its name, unless there is one of that name: whoever makes it at the same time, all have the same."""
    try:
        if not file.exists():
            os.link(aside, file)
    except FileExistsError:
        pass  # another was faster
    except OSError:  # a disk without hard links
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
