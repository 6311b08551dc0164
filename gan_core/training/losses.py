"""What the two networks are trained to make small. Pure functions of logits, one class a published loss.

D is the discriminator, G the generator, x a real image, z a latent. Where D is a probability, D(x) = sigmoid(logit),
so -log D(x) = softplus(-logit) and -log(1 - D(x)) = softplus(logit), which never overflow.
"""

import math

from torch import Tensor
from torch.nn.functional import cross_entropy, relu, softplus


class Minimax:
    """The game itself: min over G, max over D of E[log D(x)] + E[log(1 - D(G(z)))] (Goodfellow 2014, eq. 1)."""

    weight_of_real = 1.0
    """The factor that D's loss on real images has in its whole loss."""

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """-E[log D(x)] - E[log(1 - D(G(z)))], from logits [N] and [N]; a scalar of at least 0."""
        return softplus(-real_logits).mean() + softplus(fake_logits).mean()

    @staticmethod
    def generator(fake_logits: Tensor) -> Tensor:
        """E[log(1 - D(G(z)))]; at most 0. Its gradient vanishes where D is sure (it saturates)."""
        return -softplus(fake_logits).mean()

    @staticmethod
    def outputs(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        """D(x) and D(G(z)), between 0 (surely fake) and 1 (surely real), 0.5 undecided."""
        return real_logits.sigmoid(), fake_logits.sigmoid()


class NonSaturating(Minimax):
    """D as in the game; G maximises log D(G(z)) instead (Goodfellow 2014, end of section 3)."""

    @staticmethod
    def generator(fake_logits: Tensor) -> Tensor:
        """-E[log D(G(z))]; strong gradients exactly where D is sure."""
        return softplus(-fake_logits).mean()


class MeanNonSaturating(NonSaturating):
    """The same game as many tutorials play it: D's loss is the mean of its losses on real and on fake."""

    weight_of_real = 0.5

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """(-E[log D(x)] - E[log(1 - D(G(z)))]) / 2."""
        return (softplus(-real_logits).mean() + softplus(fake_logits).mean()) / 2


class LeastSquares:
    """Regression to 1 for real and 0 for fake (Mao 2017, eq. 9). D's output is not a probability."""

    weight_of_real = 1.0  # of 1/2 (D(x) - 1)^2

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """1/2 E[(D(x) - 1)^2] + 1/2 E[D(G(z))^2]."""
        return 0.5 * (real_logits - 1).square().mean() + 0.5 * fake_logits.square().mean()

    @staticmethod
    def generator(fake_logits: Tensor) -> Tensor:
        """1/2 E[(D(G(z)) - 1)^2]."""
        return 0.5 * (fake_logits - 1).square().mean()

    @staticmethod
    def outputs(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        """D's output as it is: 1 is real, 0 is fake, 0.5 undecided; it may lie outside."""
        return real_logits, fake_logits


class Hinge(Minimax):
    """D only works on what it has not yet put a margin of 1 away from zero (Lim & Ye 2017; Miyato 2018, eq. 16, 17)."""

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]."""
        return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()

    @staticmethod
    def generator(fake_logits: Tensor) -> Tensor:
        """-E[D(G(z))]."""
        return -fake_logits.mean()


class Wasserstein:
    """The critic's estimate of how far the generated distribution is from the real one (Arjovsky 2017, algorithm 1).

    It holds for a critic whose slope is bounded: by weight clipping, a gradient penalty or spectral normalisation.
    """

    weight_of_real = 1.0  # of E[D(x)]; there is no label to smooth

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """E[D(G(z))] - E[D(x)]: minus the estimated distance (eq. 2 and 3)."""
        return fake_logits.mean() - real_logits.mean()

    @staticmethod
    def generator(fake_logits: Tensor) -> Tensor:
        """-E[D(G(z))]."""
        return -fake_logits.mean()

    @staticmethod
    def outputs(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        """NaN: a critic's output is no probability, and only differences between two of them mean anything."""
        return real_logits * math.nan, fake_logits * math.nan


class Relativistic:
    """Each real image against a fake one: which of the two is the more real (Jolicoeur-Martineau 2019, section 4).

    Huang 2024, eq. 2, with f(t) = -log(1 + e^-t). The generator has to do with real images too: it wins where its
    fake is taken for the more real of the pair.
    """

    weight_of_real = 1.0  # of the pair; there is no label to smooth

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """E[log(1 + e^-(D(x) - D(G(z))))], for logits [N] and [N] that stand in pairs."""
        return softplus(fake_logits - real_logits).mean()

    @staticmethod
    def generator(fake_logits: Tensor, real_logits: Tensor) -> Tensor:
        """E[log(1 + e^-(D(G(z)) - D(x)))]."""
        return softplus(real_logits - fake_logits).mean()

    @staticmethod
    def outputs(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        """How surely each image is the more real one of its pair: of real and of fake ones, which add up to 1."""
        return (real_logits - fake_logits).sigmoid(), (fake_logits - real_logits).sigmoid()


Loss = type[Minimax] | type[LeastSquares] | type[Wasserstein] | type[Relativistic]

LOSSES: dict[str, Loss] = {
    "minimax": Minimax,
    "non-saturating": NonSaturating,
    "mean non-saturating": MeanNonSaturating,
    "least-squares": LeastSquares,
    "hinge": Hinge,
    "wasserstein": Wasserstein,
    "relativistic": Relativistic,
}


def class_cross_entropy(class_logits: Tensor, labels: Tensor) -> Tensor:
    """-E[log P(c | x)] of an auxiliary classifier (Odena 2017, eq. 3), from [N, classes] and labels int64 [N]."""
    return cross_entropy(class_logits, labels)
