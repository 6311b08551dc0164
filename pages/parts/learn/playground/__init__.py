"""A GAN on points in the plane that learns in the reader's browser, at no cost to the server.

`show` puts it into a page, `routes` serves its scripts: page.js is what one sees and does, worker.js learns in a thread
of its own, gan.js is the algorithm, tape.js its arithmetic.
"""
