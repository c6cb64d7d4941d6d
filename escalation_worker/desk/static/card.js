// One open question: its words, its deadline, and the box for the answer.

import {
  ANSWER_LIMIT, announce, ago, byId, clock, countdown, drafts, ending, newSource, operator, post,
} from "./common.js";

const URGENT = { high: "Urgent", low: "No hurry" };

export class Card {
  constructor(question, { onDone }) {
    this.onDone = onDone;
    this.attempt = null; // {kind, text, source} of the last submission
    this.busy = false;
    this.element = byId("card-template").content.firstElementChild.cloneNode(true);
    this.box = this.find("textarea");
    this.box.value = drafts.get(question.id);
    this.box.id = `answer-${question.id}`;
    this.find(".answer label").htmlFor = this.box.id;
    this.find("article").setAttribute("aria-labelledby", `question-${question.id}`);
    this.find(".question").id = `question-${question.id}`;
    this.listen();
    this.render(question);
    this.typed();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  get open() {
    return this.question.open;
  }

  get deadline() {
    return Date.parse(this.question.deadline);
  }

  get text() {
    return this.box.value.trim();
  }

  focus() {
    this.box.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "nearest" });
  }

  listen() {
    this.box.addEventListener("input", () => this.typed());
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send("answer", this.text);
    });
    this.find(".answer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send("answer", this.text);
    });
    this.find(".decline").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send("decline", this.find(".decline input").value.trim());
    });
    this.find(".decline-open").addEventListener("click", () => this.declining(true));
    this.find(".back").addEventListener("click", () => this.declining(false));
    this.find(".decline").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.declining(false);
    });
    this.find(".dismiss").addEventListener("click", () => this.done());
  }

  declining(wanted) {
    this.find(".decline").hidden = !wanted;
    this.find(".answer").hidden = wanted;
    (wanted ? this.find(".decline input") : this.box).focus();
  }

  render(question) {
    this.question = question;
    this.find(".agent").textContent = question.agent;
    this.find(".question").textContent = question.text;
    const context = this.find(".context");
    context.textContent = question.context ?? "";
    context.hidden = !question.context;
    const urgency = this.find(".urgency");
    urgency.textContent = URGENT[question.urgency] ?? "";
    urgency.hidden = !(question.urgency in URGENT);
    this.element.dataset.urgency = question.urgency;
    const options = this.find(".options");
    options.replaceChildren(...question.options.map((option) => this.optionButton(option)));
    options.hidden = !question.options.length || !question.open;
    this.box.placeholder = question.options.length ? "Or write something else…" : "Write the answer…";
    this.tick();
  }

  optionButton(option) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = option;
    button.dir = "auto";
    button.addEventListener("click", () => this.send("answer", option));
    return button;
  }

  update(question) {
    if (JSON.stringify(question) !== JSON.stringify(this.question)) this.render(question);
  }

  tick() {
    const left = (this.deadline - clock.now()) / 1000;
    const whole = (this.deadline - Date.parse(this.question.created_at)) / 1000;
    const share = Math.min(1, Math.max(0, left / whole));
    this.find(".time i").style.setProperty("transform", `scaleX(${share.toFixed(4)})`);
    const shown = this.find(".left");
    shown.textContent = left > 0 ? `${countdown(left)} left` : "deadline passed";
    shown.dateTime = this.question.deadline;
    shown.title = `Deadline: ${new Date(this.deadline).toLocaleString()}`;
    this.find(".age").textContent = `asked ${ago(this.question.created_at)}`;
    this.element.dataset.pressure = left <= 20 || share < 0.1 ? "most" : share < 0.3 ? "more" : "";
  }

  typed() {
    drafts.set(this.question.id, this.box.value);
    const length = [...this.text].length;
    const counter = this.find(".length");
    counter.hidden = length < ANSWER_LIMIT * 0.9;
    counter.textContent = `${length} / ${ANSWER_LIMIT}`;
    counter.classList.toggle("over", length > ANSWER_LIMIT);
    this.box.style.setProperty("height", "auto");
    this.box.style.setProperty("height", `${Math.min(this.box.scrollHeight + 2, 320)}px`);
    this.refresh();
  }

  refresh() {
    const length = [...this.text].length;
    for (const button of this.element.querySelectorAll("button")) button.disabled = this.busy;
    this.find(".send").disabled = this.busy || !length || length > ANSWER_LIMIT;
    this.element.classList.toggle("busy", this.busy);
  }

  problem(words) {
    const shown = this.find(".problem");
    shown.textContent = words;
    shown.hidden = !words;
    if (words) this.declining(false);
  }

  async send(kind, text) {
    if (this.busy || (kind === "answer" && (!text || [...text].length > ANSWER_LIMIT))) return;
    // The same words sent again after a failure are the same submission: it counts once, even if
    // the first had arrived and only its receipt was lost.
    if (this.attempt?.kind !== kind || this.attempt.text !== text) {
      this.attempt = { kind, text, source: newSource() };
    }
    this.busy = true;
    this.refresh();
    const body = { source: this.attempt.source };
    if (operator.name()) body.name = operator.name();
    if (kind === "answer") body.text = text;
    else if (text) body.reason = text;
    const answer = await post(`/api/questions/${encodeURIComponent(this.question.id)}/${kind}`, body);
    this.busy = false;
    this.refresh();
    this.received(answer);
  }

  received({ status, body }) {
    if (!this.open && status !== 200 && status !== 202) {
      // It ended while we were sending: the stream told, and by whose word.
      if (this.end(this.question)) this.onDone(this.question.id);
      return;
    }
    switch (status) {
      case 200:
      case 202:
        announce(body.message);
        this.done();
        break;
      case 401:
        location.assign("/login"); // the draft waits in the session's storage
        break;
      case 404:
      case 409:
        // The card stays even if nothing was typed: whoever clicked must see that it came late.
        if (body.question) this.end(body.question);
        else this.vanish();
        break;
      case 0:
        this.problem("The desk can't be reached. Your text is kept: try again in a moment.");
        break;
      default:
        this.problem(body.message ?? `That did not work (${status}). Your text is kept.`);
    }
  }

  /** The question has ended. Whether the card may go: it stays while it holds unsent text. */
  end(question) {
    const mine = question.outcome?.source === `desk:${this.attempt?.source}`;
    this.render(question);
    if (this.busy) return false; // our own request tells in a moment
    if (mine) return this.forget();
    const late = question.outcome?.state === "timed_out" && !question.late_answer;
    announce(`${ending(question)}: ${question.text}`);
    return this.ended(ending(question), { late });
  }

  /** The question is gone and nothing is known of its end. */
  vanish() {
    this.question = { ...this.question, open: false };
    return this.ended("This question has ended.", { late: false });
  }

  ended(words, { late }) {
    const kept = this.text !== "" || late;
    this.find(".decline").hidden = true;
    this.find(".answer").hidden = false;
    this.find(".decline-open").hidden = true;
    this.find(".hint").hidden = true;
    this.find(".dismiss").hidden = false;
    this.find(".options").hidden = true;
    const shown = this.find(".ended");
    const rest = late ? "A late answer is kept, and the agent can still fetch it." : "Your text was not sent.";
    shown.textContent = `${words}. ${this.text || late ? rest : ""}`;
    shown.hidden = false;
    this.element.classList.add("over");
    this.box.readOnly = !late;
    this.find(".send").hidden = !late;
    this.find(".send").textContent = "Send late answer";
    return !kept || (late && this.text === "" && !this.element.contains(document.activeElement));
  }

  forget() {
    drafts.set(this.question.id, "");
    return true;
  }

  done() {
    this.forget();
    this.onDone(this.question.id);
  }

  leave() {
    this.element.classList.add("leaving");
    const gone = () => this.element.remove();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) gone();
    else setTimeout(gone, 220);
  }
}
