"""The lessons in their order, by the name that stands in a link."""

from pages.parts.learn.lessons import (
    conditional,
    digits_in_pytorch,
    glossary,
    how_good_it_is,
    in_two_dimensions,
    stability,
    the_keras_gan,
    the_loss,
    what_a_gan_is,
    what_goes_wrong,
)

LESSONS = {
    "what-a-gan-is": what_a_gan_is.LESSON,
    "the-loss": the_loss.LESSON,
    "digits-in-pytorch": digits_in_pytorch.LESSON,
    "the-keras-gan": the_keras_gan.LESSON,
    "conditional": conditional.LESSON,
    "stability": stability.LESSON,
    "how-good-it-is": how_good_it_is.LESSON,
    "what-goes-wrong": what_goes_wrong.LESSON,
    "playground": in_two_dimensions.LESSON,
    "glossary": glossary.LESSON,
}
