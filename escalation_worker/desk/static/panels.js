// What can be written on a card: the answer in its shape, a question back, a decline. One panel is
// shown at a time. What is sent from them goes to `act(name, body)`.

import { ANSWER_LIMIT, drafts } from "./common.js";
import { Fields } from "./fields.js";

const PANELS = ["answer", "fields", "vote", "ask-back", "decline"];
const OTHERS = [".vote input", ".ask-back textarea", ".decline input"];

export class Panels {
  constructor(element, question, act) {
    this.element = element;
    this.id = question.id;
    this.act = act;
    this.box = this.find(".answer textarea");
    this.main = mainOf(question);
    this.hasOptions = question.options.length > 0;
    this.fields = null;
    const draft = drafts.get(question.id);
    if (question.form) {
      this.fields = new Fields(question.form, `field-${question.id}`, () => this.typed());
      this.find(".inputs").replaceChildren(...this.fields.elements);
      this.fields.draft = draft;
    } else {
      this.box.value = draft;
    }
    this.box.placeholder = this.hasOptions ? "Or write something else…" : "Write the answer…";
    // Ids are the document's, not the card's.
    for (const panel of ["answer", "ask-back"]) {
      this.find(`.${panel} textarea`).id = `${panel}-${question.id}`;
      this.find(`.${panel} label`).htmlFor = `${panel}-${question.id}`;
    }
    this.listen();
    this.show(this.main);
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  listen() {
    this.box.addEventListener("input", () => this.typed());
    this.find(".ask-back textarea").addEventListener("input", () => this.refresh(false));
    for (const [panel, send] of [["answer", () => this.answer(this.text)], ["ask-back", () => this.askBack()]]) {
      this.onSubmit(panel, send);
      this.find(`.${panel} textarea`).addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        send();
      });
    }
    this.onSubmit("fields", () => this.fillIn());
    this.onSubmit("decline", () => this.act("decline", this.optional("reason", ".decline input")));
    // Enter in the comment decides nothing: which of the two buttons would it be?
    this.onSubmit("vote", () => {});
    for (const [button, approve] of [[".approve", true], [".deny", false]]) {
      this.find(button).addEventListener("click", () => {
        this.act("vote", { approve, ...this.optional("comment", ".vote input") });
      });
    }
    for (const panel of ["decline", "ask-back"]) {
      this.find(`.${panel}-open`).addEventListener("click", () => this.turnTo(panel));
      this.find(`.${panel} .back`).addEventListener("click", () => this.turnTo(this.main));
      this.find(`.${panel}`).addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.turnTo(this.main);
      });
    }
  }

  onSubmit(panel, take) {
    this.find(`.${panel}`).addEventListener("submit", (event) => {
      event.preventDefault();
      take();
    });
  }

  show(panel) {
    for (const each of PANELS) this.find(`.${each}`).hidden = each !== panel;
    this.find(".tools").hidden = panel !== this.main;
  }

  /** Show one panel and go there. */
  turnTo(panel) {
    this.show(panel);
    if (panel === this.main) this.focus();
    else this.find(`.${panel} input, .${panel} textarea`).focus();
  }

  focus() {
    if (this.main === "fields") this.fields.focus();
    else this.find({ answer: ".answer textarea", vote: ".vote input" }[this.main] ?? ".options button")
      .focus({ preventScroll: true });
  }

  get text() {
    return this.box.value.trim();
  }

  /** Whether something stands here that would be lost with the card. */
  get written() {
    const elsewhere = OTHERS.some((each) => this.find(each).value.trim());
    return Boolean(this.text || this.fields?.touched || elsewhere);
  }

  /** Add a text to the answer; what stands there is kept. */
  write(text) {
    this.show(this.main);
    this.box.value = this.text ? `${this.text}\n${text}` : text;
    this.typed();
    this.focus();
  }

  optional(name, selector) {
    const text = this.find(selector).value.trim();
    return text ? { [name]: text } : {};
  }

  answer(text) {
    if (text && [...text].length <= ANSWER_LIMIT) this.act("answer", { text });
  }

  fillIn() {
    if (this.fields.readable()) this.act("fill-in", { values: this.fields.values });
  }

  askBack() {
    const text = this.find(".ask-back textarea").value.trim();
    if (text) this.act("ask-back", { text });
  }

  typed() {
    drafts.set(this.id, this.fields ? this.fields.draft : this.box.value);
    const length = [...this.text].length;
    const counter = this.find(".length");
    counter.hidden = length < ANSWER_LIMIT * 0.9;
    counter.textContent = `${length} / ${ANSWER_LIMIT}`;
    counter.classList.toggle("over", length > ANSWER_LIMIT);
    this.box.style.setProperty("height", "auto");
    this.box.style.setProperty("height", `${Math.min(this.box.scrollHeight + 2, 320)}px`);
    this.refresh(false);
  }

  refresh(busy) {
    const length = [...this.text].length;
    for (const button of this.element.querySelectorAll("button")) button.disabled = busy;
    this.find(".answer .send").disabled = busy || !length || length > ANSWER_LIMIT;
    this.find(".ask-back .send").disabled = busy || !this.find(".ask-back textarea").value.trim();
  }

  /** Something was taken that leaves the question open: only what was sent is cleared. */
  taken(act) {
    const sentFrom = { "ask-back": ".ask-back textarea", vote: ".vote input" }[act];
    if (sentFrom) this.find(sentFrom).value = "";
    if (act === "ask-back") this.turnTo(this.main);
    else this.find(act === "vote" ? ".vote input" : ".claim").focus({ preventScroll: true });
    this.refresh(false);
  }

  /** The question has ended. What was written can still be read, and sent if `late`. */
  close({ late }) {
    this.show(this.main);
    for (const each of this.element.querySelectorAll(".tools, .hint, .approve, .deny")) each.hidden = true;
    this.find(".options").hidden = !late || !this.hasOptions;
    for (const send of this.element.querySelectorAll(".answer .send, .fields .send")) {
      send.hidden = !late;
      send.textContent = "Send late answer";
    }
    if (late) return;
    for (const each of this.element.querySelectorAll(".before button")) each.hidden = true;
    for (const each of this.element.querySelectorAll("textarea, input")) each.readOnly = true;
    this.fields?.lock();
  }
}

/** The panel that answers a question; none where only its options do. */
function mainOf(question) {
  if (question.form) return "fields";
  if (question.approvals_needed) return "vote";
  return question.options_only ? null : "answer";
}
