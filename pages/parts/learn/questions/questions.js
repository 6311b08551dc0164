// Each question is a group of radio buttons; an answer is judged as soon as it is chosen, and can be changed.

// Text in which `code` stands between backticks.
function written(tag, text) {
  const made = element(tag, "");
  text.split("`").forEach((part, number) => made.append(number % 2 ? element("code", "", part) : part));
  return made;
}

// `chosen` holds the number of each question's answer: what was chosen stays when the questions are drawn anew.
function fieldset({ name, text, answers }, words, progress, chosen) {
  const field = element("fieldset", "");
  const reply = element("p", "reply");
  reply.setAttribute("role", "status");
  field.append(written("legend", text));
  answers.forEach((answer, number) => {
    const label = element("label", "");
    const choice = document.createElement("input");
    Object.assign(choice, { type: "radio", name: `question ${name}`, value: number });
    const judge = () => {
      field.dataset.judged = answer.right ? "right" : "wrong";
      reply.replaceChildren(written("span", `${answer.right ? words.right : words.wrong} ${answer.reply}`));
    };
    choice.onchange = () => {
      chosen[name] = number;
      judge();
      progress.note(name, answer.right ? "right" : "tried");
    };
    if (chosen[name] === number) {
      choice.checked = true;
      judge();
    }
    label.append(choice, written("span", answer.text));
    field.append(label);
  });
  field.append(reply);
  return field;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".questions");
  const asked = JSON.stringify(data);
  if (root.asked === asked) return; // the page's script has run again
  root.asked = asked;
  root.chosen ??= {};
  import(new URL("live/progress.js", document.baseURI)).then((progress) => {
    root.replaceChildren(...data.questions.map((question) => fieldset(question, data.words, progress, root.chosen)));
  });
}
