"""What the two networks are trained to make small. Pure functions of logits, one class a published loss.

D is the discriminator, G the generator, x a real image, z a latent. Where D is a probability, D(x) = sigmoid(logit),
so -log D(x) = softplus(-logit) and -log(1 - D(x)) = softplus(logit), which never overflow.
"""

from torch import Tensor
from torch.nn.functional import cross_entropy, relu, softplus


class Minimax:
    """The game itself: min over G, max over D of E[log D(x)] + E[log(1 - D(G(z)))] (Goodfellow 2014, eq. 1)."""

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """-E[log D(x)] - E[log(1 - D(G(z)))], from logits [N] and [N]; a scalar of at least 0."""
        return softplus(-real_logits).mean() + softplus(fake_logits).mean()

    @staticmethod
    def generator(fake_logits: Tensor) -> Tensor:
        """E[log(1 - D(G(z)))]; at most 0. Its gradient vanishes where D is sure (it saturates)."""
        return -softplus(fake_logits).mean()

    @staticmethod
    def verdict(logits: Tensor) -> Tensor:
        """D(x) between 0 (surely fake) and 1 (surely real), 0.5 undecided."""
        return logits.sigmoid()


class NonSaturating(Minimax):
    """D as in the game; G maximises log D(G(z)) instead (Goodfellow 2014, end of section 3)."""

    @staticmethod
    def generator(fake_logits: Tensor) -> Tensor:
        """-E[log D(G(z))]; strong gradients exactly where D is sure."""
        return softplus(-fake_logits).mean()


class LeastSquares:
    """Regression to 1 for real and 0 for fake (Mao 2017, eq. 9). D's output is not a probability."""

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """1/2 E[(D(x) - 1)^2] + 1/2 E[D(G(z))^2]."""
        return 0.5 * (real_logits - 1).square().mean() + 0.5 * fake_logits.square().mean()

    @staticmethod
    def generator(fake_logits: Tensor) -> Tensor:
        """1/2 E[(D(G(z)) - 1)^2]."""
        return 0.5 * (fake_logits - 1).square().mean()

    @staticmethod
    def verdict(logits: Tensor) -> Tensor:
        """D's output as it is: 1 is real, 0 is fake, 0.5 undecided; it may lie outside."""
        return logits


class Hinge(Minimax):
    """D only works on what it has not yet put a margin of 1 away from zero (Lim & Ye 2017, eq. 4 and 5)."""

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]."""
        return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()

    @staticmethod
    def generator(fake_logits: Tensor) -> Tensor:
        """-E[D(G(z))]."""
        return -fake_logits.mean()


Loss = type[Minimax] | type[LeastSquares]

LOSSES: dict[str, Loss] = {
    "minimax": Minimax,
    "non-saturating": NonSaturating,
    "least-squares": LeastSquares,
    "hinge": Hinge,
}


def class_cross_entropy(class_logits: Tensor, labels: Tensor) -> Tensor:
    """-E[log P(c | x)] of an auxiliary classifier (Odena 2017, eq. 2), from [N, classes] and labels int64 [N]."""
    return cross_entropy(class_logits, labels)
