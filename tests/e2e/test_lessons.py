"""Lessons in the real browser: formula, code and curves light each other; a run starts; answers are kept."""

import re

from playwright.sync_api import Page, expect

from gan_core.store.runs import default_store
from tests.e2e.steps import press

LIT = re.compile(r"\blit\b")
LIT_TERM = re.compile(r"\blit-term\b")


def code_of(page: Page, text: str):
    return page.locator(".linked-code pre [data-term]", has_text=text).first


def test_a_term_a_line_and_the_formula_light_each_other(lesson):
    page = lesson("the-loss")
    line = code_of(page, "softplus(-real_logits).mean()")
    term = page.get_by_role("button", name="how sure the discriminator is that real pictures are real")
    in_formula = page.locator(".st-key-formula-the-game .katex-html [style*='rgb(26, 102, 189)']")
    expect(line).not_to_have_class(LIT)
    term.hover()
    expect(line).to_have_class(LIT)
    expect(in_formula.first).to_have_class(LIT_TERM)
    page.get_by_role("heading", name="What its value means").hover()
    expect(line).not_to_have_class(LIT)
    line.hover()
    expect(term).to_have_class(LIT)
    in_formula.last.hover()
    expect(line).to_have_class(LIT)
    # By keyboard, and a touch keeps it lit.
    term.focus()
    term.press("Enter")
    expect(term).to_have_attribute("aria-pressed", "true")
    page.get_by_role("heading", name="What its value means").hover()
    expect(line).to_have_class(LIT)


def test_a_lessons_run_starts_and_its_curve_is_lit_by_the_formula_and_the_other_way_round(lesson):
    page = lesson("the-loss")
    press(page, "Train it here")
    outputs = page.locator(".live-charts figure[data-title='Discriminator output']")
    outputs.scroll_into_view_if_needed()  # what nobody sees is not drawn
    expect(outputs.locator(".js-line").first).to_be_visible()
    run = default_store().all_runs(1)[0]
    assert run.preset == "gan-pytorch" and run.dataset == "digits"
    term = page.get_by_role("button", name="how sure the discriminator is that real pictures are real")
    term.hover()
    expect(outputs).to_have_class(LIT)
    page.get_by_role("heading", name="What its value means").hover()
    expect(outputs).not_to_have_class(LIT)
    default_store().ask_to_stop(run.id)
    expect(page.get_by_role("button", name="Train it again")).to_be_visible()
    outputs.locator(".live-chart").scroll_into_view_if_needed()
    # What Plotly tells when D(x)'s curve is pointed at; that it tells so is its own affair.
    outputs.locator(".live-chart").evaluate("""box => {
      const points = box._fullData.map((fullData) => ({ fullData, y: fullData.y.findLast((value) => value !== null) }));
      const real = points.find(({ fullData }) => fullData.uid.endsWith(" real_output"));
      box.emit("plotly_hover", { points, yvals: [real.y] });
    }""")
    expect(term).to_have_class(LIT)


def test_an_answer_is_judged_kept_and_can_be_forgotten(lesson):
    page = lesson("the-loss")
    page.get_by_label("log 4, about 1.39").check()
    expect(page.get_by_text("Right. Minus log 0.5, once for each kind of picture.")).to_be_visible()
    entry = page.get_by_role("navigation", name="Lessons").get_by_role("listitem").filter(has_text="The loss")
    expect(entry.get_by_role("img")).to_have_text(re.compile(r"1/\d"))
    page.reload()
    expect(entry.get_by_role("img")).to_have_text(re.compile(r"1/\d"))
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download my answers").click()
    assert '"the-loss/balance": "right"' in saved.value.path().read_text()
    page.get_by_label("log 4, about 1.39").check()
    page.get_by_role("radio", name="ES").click()
    expect(page.get_by_text("Correcto. Menos log 0,5")).to_be_visible()
    expect(page.locator("input[name='question the-loss/balance']:checked")).to_have_value("2")
    page.get_by_role("radio", name="EN", exact=True).click()
    expect(page.get_by_text("Right. Minus log 0.5")).to_be_visible()
    page.get_by_role("button", name="Forget my answers").click()
    page.get_by_role("button", name="Forget them all?").click()
    expect(entry.get_by_role("img")).to_have_count(0)


def test_a_lesson_is_chosen_from_the_list_and_stands_in_the_address(lesson):
    page = lesson("the-loss")
    page.get_by_role("navigation", name="Lessons").get_by_role("link", name="Glossary").click()
    expect(page.get_by_role("heading", level=1, name="Glossary")).to_be_visible()
    assert "lesson=glossary" in page.url
    page.get_by_role("button", name="Playground").click()
    expect(page.get_by_role("heading", level=1, name="Playground")).to_be_visible()


def test_a_failure_is_mended_in_the_form_of_the_train_page(lesson):
    page = lesson("what-goes-wrong")
    page.get_by_text("Why it happens, and what mends it").nth(2).click()
    page.get_by_role("button", name="Mend it yourself").click()
    expect(page.get_by_label("Weight clipping", exact=True)).to_have_value("1")
