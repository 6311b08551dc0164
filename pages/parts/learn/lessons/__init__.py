"""The lessons in their order, by the name that stands in a link."""

from pages.parts.learn.lessons import the_loss, what_a_gan_is

LESSONS = {
    "what-a-gan-is": what_a_gan_is.LESSON,
    "the-loss": the_loss.LESSON,
}
