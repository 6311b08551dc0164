"""What a comparison says, in words."""

from gan_core.monitor.answers import Verdict
from gan_core.text import Text

VERDICTS: dict[Verdict, Text] = {
    "better": Text("better"),
    "worse": Text("worse"),
    "same": Text("no difference beyond the noise"),
}
