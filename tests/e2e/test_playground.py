"""The playground of the page Learn: its arithmetic beside PyTorch's, and what a visitor does and sees.

Nothing waits for a time: `ganPlayground.until(step)` answers when that step is reached.
"""

import json
import os
import re
from urllib.parse import parse_qs, urlparse

import pytest
import torch
from playwright.sync_api import Page, expect
from torch import nn

from gan_core.config import ImageSpec, RunConfig, make_config
from gan_core.training.gan import Gan
from gan_core.training.loop import discriminator_step, generator_step
from pages.parts.learn.playground.in_pytorch import notebook, read_choices
from pages.parts.learn.playground.routes import address
from pages.parts.learn.playground.settings import KNOBS, SITUATIONS
from tests.e2e import axe, playground_wasm
from tests.e2e.steps import DESK, PHONE, wait_until

USUAL = {name: knob.usual for name, knob in KNOBS.items()} | {"drawn": []}
LAYERS = [16, 16]
COUNT = 32  # points in a batch
TOLERANCE = 1e-4

LOSSES = {
    "minimax": {"loss": "minimax"},
    "non-saturating": {"loss": "non-saturating"},
    "least squares": {"loss": "least-squares"},
    "hinge": {"loss": "hinge"},
    "Wasserstein with clipping": {"loss": "wasserstein", "weight_clipping": 0.1},
    "Wasserstein with gradient penalty": {"loss": "wasserstein", "gradient_penalty": 10},
    "R1": {"loss": "non-saturating", "r1_gamma": 1},
}
ACTIVATIONS = ("tanh", "leaky_relu", "relu", "sigmoid")


@pytest.fixture(scope="module")
def server(lasting_server):
    """It is asked for little, since the work is done in the browser."""
    return lasting_server


@pytest.fixture(scope="module")
def modules(server, chromium):
    """A page of the same origin that shows nothing: enough to import the playground's modules."""
    page = chromium.new_page()
    page.goto(server.url + server_path("random"))
    yield page
    page.close()


@pytest.fixture
def learn(visit):
    def open_it(fragment: str = "", **options) -> Page:
        page = visit(f"/learn?lesson=playground{fragment}", **options)
        expect(page.locator(".playground .stage[data-step]").first).to_be_attached()
        return page

    return open_it


@pytest.fixture
def page(learn) -> Page:
    return learn()


def until(page: Page, step: int) -> list[dict]:
    """Goes on to that step. What is then known of each side, pictures left out."""
    shots = page.evaluate("step => ganPlayground.until(step)", step)
    left_out = ("starts",)  # how often it was begun says nothing of what was learnt
    return [{k: v for k, v in shot.items() if not isinstance(v, dict) and k not in left_out} for shot in shots]


def at_step(page: Page, step: int, side: str = "A"):
    return expect(page.locator(f".stage[data-side={side}]")).to_have_attribute("data-step", str(step))


def in_modules(page: Page, body: str, value=None):
    """What that JavaScript returns, with the playground's modules imported as `of.gan` and so on."""
    names = ("gan", "kernels", "memory", "networks", "optimizers", "shapes", "snapshot", "tape")
    imports = ", ".join(f'import("{server_path(name)}")' for name in names)
    program = f"async (given) => {{ const [{', '.join(names)}] = await Promise.all([{imports}]); {body} }}"
    return page.evaluate(program, value)


def server_path(name: str) -> str:
    return f"/{address()}/{name}.js"


# Arithmetic


STEP = """
    const made = new gan.Gan(given.settings);
    for (const network of ["generator", "discriminator"]) {
      made[network].forEach((weight, i) => weight.data.set(given[network][i]));
    }
    tape.newTape();
    const fake = networks.forward(made.generator, given.settings.generator_activation, tape.pairs(given.latents));
    const lists = (matrices) => matrices.map(({ data }) => [...data]);
    const real = tape.pairs(given.real);
    const ofD = made.discriminatorGradients(real, tape.pairs(fake.data), () => given.mixing.shift());
    const result = { discriminatorLoss: made.discriminatorLoss, discriminatorGradients: lists(ofD) };
    made.learn("discriminator", ofD);
    const ofG = made.generatorGradients(fake);
    Object.assign(result, { generatorLoss: made.generatorLoss, generatorGradients: lists(ofG) });
    made.learn("generator", ofG);
    return { ...result, generator: lists(made.generator), discriminator: lists(made.discriminator) };
"""


def library_gan(activation: str, optimizer: str, **changes) -> Gan:
    """A GAN of gan_core whose pictures are points: one pixel with two channels."""
    config = make_config(
        RunConfig(), network="mlp", conditional=False, latent_dim=2, batch_size=COUNT, beta1=0.5, beta2=0.9,
        generator_normalisation="none", discriminator_normalisation="none", optimizer=optimizer,
        generator_layers=LAYERS, discriminator_layers=LAYERS,
        generator_activation=activation, discriminator_activation=activation, **changes,
    )  # fmt: skip
    gan = Gan(config, ImageSpec.model_construct(size=1, channels=2, classes=("points",)), torch.device("cpu"))
    gan.generator.layers[-1] = nn.Identity()
    return gan


def numbers(tensors) -> list[list[float]]:
    return [tensor.detach().flatten().tolist() for tensor in tensors]


def library_step(gan: Gan, real: torch.Tensor, latents: torch.Tensor) -> dict:
    """What the same step is in gan_core; the mixing of the gradient penalty is drawn as the library will."""
    labels = torch.zeros(len(real), dtype=torch.int64)
    fake = gan.generator(latents, labels)
    discriminator_loss, _, _ = discriminator_step(gan, real, fake.detach(), labels)
    of_discriminator = numbers(weight.grad for weight in gan.discriminator.parameters())
    generator_loss = generator_step(gan, real, fake, labels)
    return {
        "discriminatorLoss": discriminator_loss.item(),
        "discriminatorGradients": of_discriminator,
        "generatorLoss": generator_loss.item(),
        "generatorGradients": numbers(weight.grad for weight in gan.generator.parameters()),
        "generator": numbers(gan.generator.parameters()),
        "discriminator": numbers(gan.discriminator.parameters()),
    }


def largest_difference(ours, theirs) -> float:
    return max(
        (torch.tensor(one) - torch.tensor(other)).abs().max().item() for one, other in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("changes", LOSSES.values(), ids=LOSSES)
def test_a_step_of_each_loss_is_the_librarys(modules, changes):
    for activation in ACTIVATIONS:
        gan = library_gan(activation, "sgd", **changes)
        chance = torch.Generator().manual_seed(1)
        real = torch.randn(COUNT, 2, 1, 1, generator=chance)
        latents = torch.randn(COUNT, 2, generator=chance)
        again = torch.Generator()
        again.set_state(gan.random.get_state())
        given = {
            "settings": USUAL | changes | {
                "generator_layers": LAYERS, "discriminator_layers": LAYERS,
                "generator_activation": activation, "discriminator_activation": activation,
                "generator_optimizer": "sgd", "discriminator_optimizer": "sgd",
            },
            "generator": numbers(gan.generator.parameters()),
            "discriminator": numbers(gan.discriminator.parameters()),
            "real": real.flatten().tolist(),
            "latents": latents.flatten().tolist(),
            "mixing": torch.rand(COUNT, generator=again).tolist(),
        }  # fmt: skip
        ours, theirs = in_modules(modules, STEP, given), library_step(gan, real, latents)
        for name, value in theirs.items():
            alike = [[value]] if isinstance(value, float) else value
            mine = [[ours[name]]] if isinstance(value, float) else ours[name]
            assert largest_difference(mine, alike) < TOLERANCE, (activation, name)


def test_adam_is_pytorchs(modules):
    chance = torch.Generator().manual_seed(0)
    gradients = [torch.randn(1, 8, generator=chance) * scale for scale in (1, 1e-3, 1, 10, 0.1)]
    weight = torch.zeros(1, 8, requires_grad=True)
    optimizer = torch.optim.Adam([weight], 0.01, (0.5, 0.9))
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
    program = """
        const weight = { data: new Float32Array(8) };
        const learn = optimizers.OPTIMIZERS.adam();
        for (const data of given) learn([weight], [{ data }], { rate: 0.01, beta1: 0.5, beta2: 0.9 });
        return [[...weight.data]];
    """
    ours = in_modules(modules, program, [gradient.flatten().tolist() for gradient in gradients])
    assert largest_difference(ours, numbers([weight])) < 1e-6


KERNELS = """
    memory.release();
    const random = (size) => {
      const made = memory.borrow(size);
      for (let i = 0; i < size; i++) made[i] = 8 * Math.random() - 4;
      return made;
    };
    const far = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
    let most = 0;
    for (const [rows, inner, columns] of [[1, 1, 1], [3, 5, 23], [64, 2, 16], [7, 64, 4], [2, 3, 37]]) {
      for (const [turnA, turnB] of [[false, false], [true, false], [false, true], [true, true]]) {
        const [a, b] = [random(rows * inner), random(inner * columns)];
        const [fast, slow] = [memory.borrow(rows * columns), memory.borrow(rows * columns)];
        kernels.product(a, turnA, b, turnB, fast, rows, inner, columns);
        const ofA = (i, k) => a[turnA ? k * rows + i : i * inner + k];
        const ofB = (k, j) => b[turnB ? j * inner + k : k * columns + j];
        for (let place = 0; place < slow.length; place++) {
          const [i, j] = [Math.floor(place / columns), place % columns];
          slow[place] = 0;
          for (let k = 0; k < inner; k++) slow[place] += ofA(i, k) * ofB(k, j);
        }
        most = Math.max(most, far(fast, slow));
        const straight = turnB ? kernels.turned(b, columns, inner) : b;
        kernels.plain.multiply(a, turnA ? 1 : inner, turnA ? rows : 1, straight, fast, rows, inner, columns);
        most = Math.max(most, far(fast, slow));
      }
    }
    const [x, fast] = [random(1001), memory.borrow(1001)];
    x.set([0, -0, 1e-9, 30, -30, 1e9, -1e9]);
    kernels.tanhOf(x, fast);
    return [most, far(fast, x.map(Math.tanh))];
"""


def test_the_kernels_compute_what_plain_javascript_does(modules):
    product, tanh = in_modules(modules, KERNELS)
    assert product < 1e-3  # of sums of up to 64 products of up to 16
    assert tanh < 1e-6


def test_the_kernels_are_built_from_their_source(chromium):
    if not playground_wasm.WABT.exists() and not os.environ.get("CI"):
        pytest.skip("no wabt; python tests/e2e/browser.py --install")
    context = chromium.new_context()
    assert playground_wasm.BYTES.read_text(encoding="utf-8") == playground_wasm.built(context.new_page())
    context.close()


def test_the_notebook_draws_the_same_shapes(modules):
    names = {}
    shapes = notebook(read_choices({}), 1, "en")["cells"][3]["source"]  # after the one that imports
    exec("import math, torch\n" + shapes, names)
    ours = in_modules(modules, "return shapes.SHAPES")
    for shape, known in ours.items():
        centres, deviation = names["SHAPES"][shape]
        assert deviation == known["deviation"]
        assert largest_difference([centres], [known["centres"]]) < 1e-6


def test_the_largest_networks_fit_into_the_memory(modules):
    settings = USUAL | {
        "generator_layers": [128, 128], "discriminator_layers": [128, 128], "batch_size": 256, "n_critic": 2,
        "gradient_penalty": 1, "r1_gamma": 1,
    }  # fmt: skip
    sizes = [knob.options for name, knob in KNOBS.items() if name.endswith("layers")]
    assert all(max(int(size) for one in options for size in str(one).split("-")) == 128 for options in sizes)
    program = """
        const made = new gan.Gan(given);
        for (let i = 0; i < 3; i++) { made.nextStep(); snapshot.snapshot(made, new Float32Array(600)); }
        return Number.isFinite(made.discriminatorLoss);
    """
    assert in_modules(modules, program, settings)


# Situations


def measured(page: Page, steps: list[int]) -> list[dict]:
    return [until(page, step)[0] for step in steps]


def begin(page: Page, title: str) -> None:
    """By its button; the rest of the way is gone by `until`."""
    page.get_by_role("button", name=title, exact=True).click()
    expect(page.locator(".why")).not_to_be_empty()


def test_a_healthy_gan_learns_all_of_the_ring(page):
    begin(page, "Healthy")
    assert [shot["covered"] for shot in measured(page, [900, 1000])] == [8, 8]


def test_a_collapsed_one_hops_between_few_modes(page):
    begin(page, "Collapse")
    shots = measured(page, list(range(200, 2001, 200)))
    assert max(shot["covered"] for shot in shots) <= 2


def test_the_gradient_vanishes_with_minimax_and_not_with_the_non_saturating_loss(page):
    begin(page, "Vanishing gradient")
    (shot,) = measured(page, [100])
    assert shot["gradientNorm"] < 1e-7
    assert shot["covered"] == 0
    page.get_by_label("Loss", exact=True).select_option("non-saturating")
    page.get_by_role("button", name="Start again").click()
    assert max(shot["gradientNorm"] for shot in measured(page, [10, 20, 30])) > 1
    assert until(page, 300)[0]["covered"] > 1


def test_the_cure_finds_all_of_the_ring_from_the_same_start(page):
    begin(page, "The cure")
    assert measured(page, [1000])[0]["covered"] == 8
    assert SITUATIONS["cure"].settings["start"] == SITUATIONS["vanishing"].settings["start"] == "far"


# What a visitor does


def test_one_step_is_first_the_discriminator_then_the_generator(page):
    page.evaluate(
        """() => {
          window.lit = [];
          const parts = document.querySelectorAll(".flow [data-part]");
          const isLit = (part) => part.classList.contains("lit");
          const note = () => lit.push([...parts].filter(isLit).map((part) => part.dataset.part).join());
          new MutationObserver(note).observe(document.querySelector(".phase"), { childList: true });
        }"""
    )
    page.get_by_role("button", name="One step").click()
    at_step(page, 1)
    wait_until(page, lambda: page.evaluate("lit.at(-1)") == "", "the end of the step")
    assert page.evaluate("lit.filter((parts, i) => parts && parts !== lit[i - 1])") == [
        "latents,G,fake,real", "fake,D,real", "D", "fake,D", "G,fake",
    ]  # fmt: skip
    assert page.evaluate("ganPlayground.sides[0].latest.generatorLoss") > 0


def weights_move(page: Page, only: str) -> tuple[bool, bool]:
    """Whether the generator's points and the discriminator's field change when only that one learns."""
    page.get_by_label("Learns").select_option(only)
    before = page.evaluate(
        "() => { const { points, field } = ganPlayground.sides[0].latest; return [[...points], [...field]]; }"
    )
    until(page, page.evaluate("ganPlayground.sides[0].latest.step") + 5)
    after = page.evaluate(
        "() => { const { points, field } = ganPlayground.sides[0].latest; return [[...points], [...field]]; }"
    )
    return before[0] != after[0], before[1] != after[1]


def test_only_one_of_the_two_learns_if_one_wants(page):
    assert weights_move(page, "discriminator") == (False, True)
    assert weights_move(page, "generator") == (True, False)
    assert weights_move(page, "both") == (True, True)


def test_it_is_played_paused_and_begun_again_with_the_same_seed(page):
    first = until(page, 20)
    page.get_by_role("button", name="Play").click()
    wait_until(page, lambda: page.evaluate("ganPlayground.sides[0].latest.step") > 40, "some steps")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_role("button", name="Start again").click()
    at_step(page, 0)
    assert until(page, 20) == first


def test_begun_again_while_it_plays_its_curves_begin_at_the_first_step(page):
    page.get_by_role("button", name="Play").click()
    for _ in range(5):
        wait_until(page, lambda: page.evaluate("ganPlayground.sides[0].latest.step > 100"), "a hundred steps")
        page.get_by_role("button", name="Start again").click()
        wait_until(page, lambda: page.evaluate("ganPlayground.sides[0].shots.length > 2"), "its first pictures")
        assert page.evaluate("ganPlayground.sides[0].shots[0].step") == 0


CHANGES = [
    ("Game", "Loss", "hinge"),
    ("Game", "R1", "0.1"),
    ("Game", "Gradient penalty", "1"),
    ("Game", "Weight clipping", "0.1"),
    ("Game", "Discriminator steps", "2"),
    ("Generator", "Activation", "relu"),
    ("Generator", "Hidden layers", "32-32"),
    ("Generator", "Optimizer", "sgd"),
    ("Discriminator", "Learning rate", "0.01"),
    ("Discriminator", "Hidden layers", "16"),
    ("Data", "Batch size", "64"),
]


def test_settings_are_changed_while_it_runs(page):
    page.get_by_role("button", name="Play").click()
    for group, label, value in CHANGES:
        reached = page.evaluate("ganPlayground.sides[0].latest.step")
        page.get_by_role("group", name=group, exact=True).get_by_label(label, exact=True).select_option(value)
        wait_until(page, lambda since=reached: page.evaluate("ganPlayground.sides[0].latest.step") > since, label)
    for shape in ("Two moons", "Spiral", "Two clusters", "A line"):
        page.get_by_role("button", name=shape).click()
        expect(page.get_by_role("button", name=shape)).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("ganPlayground.sides[0].hasEnded") is False


def test_settings_that_learn_a_curved_shape_are_offered(page):
    page.get_by_role("button", name="Two moons").click()
    page.get_by_role("button", name="Take settings that do").click()
    expect(page.get_by_role("button", name="Take settings that do")).to_be_hidden()
    assert until(page, 800)[0]["covered"] > 14  # of 24


def test_one_goes_back_in_time(page):
    until(page, 60)
    slider = page.get_by_role("slider", name="Time")
    slider.focus()
    page.keyboard.press("Home")
    at_step(page, 0)
    expect(page.locator(".time output")).to_have_text("Step 0")
    page.keyboard.press("End")
    at_step(page, 60)


def test_two_settings_learn_side_by_side_from_the_same_start(page):
    until(page, 5)
    page.get_by_label("Side by side").check()
    at_step(page, 0, "A")
    at_step(page, 0, "B")
    points = "() => ganPlayground.sides.map((side) => [...side.latest.points])"
    until(page, 10)
    assert len({json.dumps(one) for one in page.evaluate(points)}) == 1
    page.get_by_label("Loss", exact=True).select_option("hinge")  # of B, which one is asked for first
    until(page, 20)
    assert len({json.dumps(one) for one in page.evaluate(points)}) == 2
    expect(page.locator("[data-side=B] .differs")).to_contain_text("Loss: Hinge")
    expect(page.locator("[data-side=A] .differs")).to_contain_text("Loss: Non-saturating")


def test_two_sides_wait_for_each_other(page):
    page.get_by_label("Side by side").check()
    page.get_by_role("group", name="Generator", exact=True).get_by_label("Hidden layers").select_option(
        "128-128"
    )  # of B
    page.get_by_role("button", name="Play").click()
    for step in (60, 120, 180, 240):
        wait_until(page, lambda far=step: page.evaluate("ganPlayground.sides[0].latest.step") > far, f"step {step}")
        first, second = page.evaluate("ganPlayground.sides.map((side) => side.latest.step)")
        assert abs(first - second) <= 50


def test_everything_is_in_the_address(learn, page, server):
    page.get_by_role("button", name="Two moons").click()
    page.get_by_label("Side by side").check()
    page.get_by_label("Loss", exact=True).select_option("least-squares")
    page.get_by_label("Grid of latents").check()
    page.get_by_label("Speed").select_option("calm")
    page.get_by_label("Learns").select_option("discriminator")
    assert "#playground&" in page.url
    other = learn(page.url[page.url.index("#") :])
    expect(other.get_by_role("button", name="Two moons")).to_have_attribute("aria-pressed", "true")
    expect(other.get_by_label("Grid of latents")).to_be_checked()
    expect(other.get_by_label("Speed")).to_have_value("calm")
    expect(other.get_by_label("Learns")).to_have_value("discriminator")
    expect(other.locator("[data-side=B] .differs")).to_contain_text("Least squares")
    assert until(other, 10) == until(page, 10)


def test_an_address_may_hold_anything(learn):
    page = learn(
        "#playground&loss=<b>&seed=1e9&two=1&b.n_critic=99&drawn=1,x,99999,,3&speed=__proto__&situation=toString&hide=constructor"
    )
    expect(page.get_by_label("Loss", exact=True)).to_have_value("non-saturating")
    assert until(page, 2)[0]["step"] == 2


def test_another_language_keeps_what_was_learnt_and_the_address(page):
    page.get_by_label("Grid of latents").check()
    until(page, 10)
    page.get_by_role("radio", name="ES").click()
    expect(page.get_by_role("button", name="Reproducir")).to_be_visible()
    at_step(page, 10)
    expect(page.locator(".words")).to_contain_text("Paso 10")
    wait_until(page, lambda: "#playground&" in page.url and "lang=es" in page.url, "both in the address")


def test_points_are_drawn_by_pointer_finger_and_keyboard(learn):
    page = learn(has_touch=True, **PHONE)
    drawn = "ganPlayground.sides[0].settings.drawn"
    page.get_by_role("button", name="Drawn by you").tap()
    picture = page.locator(".picture")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    wait_until(page, lambda: len(page.evaluate(drawn)) == 1, "a point under the finger")
    x, y = page.evaluate(drawn)[0]
    assert (x, y) == pytest.approx((-1.8, 0), abs=0.1)
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 40, steps=10)
    page.mouse.up()
    by_pointer = len(page.evaluate(drawn))
    assert by_pointer > 3
    picture.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate(drawn)[-1] == [0.2, -0.2]
    assert until(page, 5)[0]["modes"] == by_pointer + 1
    page.get_by_role("button", name="Clear the drawing").click()
    assert page.evaluate(drawn) == []


def test_it_is_used_by_keyboard_alone(page):
    page.get_by_role("button", name="Healthy", exact=True).focus()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "play":
            break
    page.keyboard.press("Enter")
    wait_until(page, lambda: page.evaluate("ganPlayground.sides[0].latest.step") > 5, "steps")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Play")).to_be_focused()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desktop"])
def test_it_fits_the_screen(learn, size):
    page = learn("#playground&two=1", locale="es-ES", **size)
    outside = """() => {
      const { right } = document.querySelector(".stMainBlockContainer").getBoundingClientRect();
      const isOut = (one) => one.getBoundingClientRect().right > right + 1;
      return [...document.querySelectorAll(".playground *")].filter(isOut).map((one) => one.outerHTML.slice(0, 80));
    }"""
    assert page.evaluate(outside) == []
    side = page.locator(".picture").first.bounding_box()
    assert side["width"] == pytest.approx(side["height"], abs=3)
    assert side["width"] > 300


def test_charts_are_readable_in_words(page):
    until(page, 30)
    expect(page.locator(".words")).to_have_text(
        re.compile(r"^Step 30\. D says 0\.\d+ of real points and 0\.\d+ of generated ones\. Losses: D .*of 8 modes\.$")
    )
    for name in ("Losses", "|∇G|", "Modes covered"):
        expect(page.get_by_role("img", name=name)).to_have_attribute(
            "aria-label", re.compile(r": from .+ to .+, between")
        )


def test_nobody_is_kept_from_using_it(learn):
    if not axe.SCRIPT.exists() and not os.environ.get("CI"):
        pytest.skip("no axe-core; python tests/e2e/browser.py --install")
    for colours in ("light", "dark"):
        page = learn("#playground&two=1&shape=drawn&situation=vanishing", color_scheme=colours)
        for details in page.locator(".playground details > summary").all():
            details.click()
        expect(page.locator(".lines code").first).to_be_visible()
        assert axe.barriers(page) == []


def test_who_wants_less_motion_gets_none_that_was_not_asked_for(learn):
    page = learn(reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll(".playground *")]
      .filter((one) => parseFloat(getComputedStyle(one).transitionDuration) > 0).length"""
    assert page.evaluate(moving) == 0
    assert page.evaluate("ganPlayground.playing") is False


def test_the_same_in_pytorch_is_shown_and_downloaded(page):
    page.get_by_label("Loss", exact=True).select_option("wasserstein")
    page.get_by_label("Gradient penalty").select_option("10")
    page.get_by_text("The same in PyTorch").click()
    lines = page.locator(".pytorch .lines")
    expect(lines).to_contain_text("class Wasserstein:")
    expect(lines).to_contain_text("def gradient_penalty(")
    page.get_by_label("Loss", exact=True).select_option("hinge")
    expect(lines).to_contain_text("class Hinge:")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download a notebook").click()
    notebook = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert saved.value.suggested_filename == "gan-on-points.ipynb"
    assert "loss='hinge'" in "".join(cell["source"] for cell in notebook["cells"])
    asked = parse_qs(urlparse(saved.value.url).query)
    assert asked["gradient_penalty"] == ["10"]


def test_the_address_stays_as_it_is_until_something_is_changed(page):
    until(page, 5)
    assert "#" not in page.url
    page.get_by_label("Arrows").uncheck()
    wait_until(page, lambda: page.url.endswith("#playground&hide=arrows%2Cgrid"), "what was changed")
