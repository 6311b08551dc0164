"""Programs that measure. Each prints a table; none is part of the tests."""
