// One open question: its words, its deadline, and what becomes of what is sent from it.

import {
  announce, ago, byId, clock, countdown, drafts, ending, newSource, operator, post, same, why,
} from "./common.js";
import { drawBackground } from "./background.js";
import { Panels } from "./panels.js";
import { claimButton, drawComments, drawRemarks, optionButton, votesInWords } from "./parts.js";

const URGENT = { high: "Urgent", low: "No hurry" };

export class Card {
  constructor(question, { onDone }) {
    this.onDone = onDone;
    this.attempt = null; // {act, written, source} of the last submission
    this.busy = false;
    this.element = byId("card-template").content.firstElementChild.cloneNode(true);
    this.find(".question").id = `question-${question.id}`;
    this.find("article").setAttribute("aria-labelledby", `question-${question.id}`);
    this.panels = new Panels(this.element, question, (act, body) => this.send(act, body));
    this.find(".options").append(
      ...question.options.map((each) => optionButton(each.label, () => this.panels.answer(each.value))),
    );
    this.find(".claim").addEventListener("click", () => {
      const { act, body } = claimButton(this.question.claimed_by, operator.shown());
      this.send(act, body);
    });
    this.find(".dismiss").addEventListener("click", () => this.done());
    this.question = question;
    this.render(question);
    this.panels.typed();
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

  focus() {
    this.panels.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }

  render(question) {
    const before = this.question;
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
    this.find(".options").hidden = !question.options.length || !question.open;
    drawBackground(this.element, question, (number) => this.like(number));
    drawRemarks(this.find(".remarks"), question.remarks);
    this.find(".waiting").hidden = question.state !== "needs_info";
    this.find(".gone").hidden = !question.caller_gone || !question.open;
    this.renderClaim();
    if (question.approvals_needed) {
      this.find(".votes").textContent = votesInWords(question);
      drawComments(this.find(".comments"), question.votes);
    }
    this.find(".decline-open").hidden = Boolean(question.approvals_needed); // denying is that
    this.tell(before, question);
    this.tick();
  }

  /** Say who is on it; again when the operator's own name has changed. */
  renderClaim() {
    const { claimed_by: name, open } = this.question;
    const me = operator.shown();
    const claimed = this.find(".claimed");
    claimed.textContent = same(name, me) ? "You are on it" : `${name} is on it`;
    claimed.hidden = !name || !open;
    this.find(".claim").textContent = claimButton(name, me).words;
  }

  /** Say what others did, to those who can't see it. */
  tell(before, now) {
    if (this.busy) return; // our own act is told by its answer
    const last = now.remarks.at(-1);
    if (now.remarks.length > before.remarks.length) {
      announce(`${last.by ?? "The agent"}: ${last.text}`);
    } else if (now.claimed_by && now.claimed_by !== before.claimed_by) {
      announce(`${now.claimed_by} is on it: ${now.text}`);
    } else if (now.open && now.caller_gone !== before.caller_gone) {
      announce(`${now.caller_gone ? "The customer has gone" : "The customer is back"}: ${now.text}`);
    } else if (now.open && now.votes.length > before.votes.length) {
      announce(votesInWords(now));
    }
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

  problem(words) {
    const shown = this.find(".problem");
    shown.textContent = words;
    shown.hidden = !words;
  }

  async send(act, body) {
    if (this.busy) return;
    // The same words sent again after a failure are the same submission: it counts once, even if
    // the first had arrived and only its receipt was lost.
    const written = JSON.stringify(body);
    if (this.attempt?.act !== act || this.attempt.written !== written) {
      this.attempt = { act, written, source: newSource() };
    }
    this.setBusy(true);
    const path = `/api/questions/${encodeURIComponent(this.question.id)}/${act}`;
    const name = operator.name() ? { name: operator.name() } : {};
    const answer = await post(path, { ...body, ...name, source: this.attempt.source });
    this.setBusy(false);
    this.problem("");
    this.received(answer);
  }

  /** Put an earlier answer into the box, to be changed and sent like any other. */
  async like(number) {
    const path = `/api/questions/${encodeURIComponent(this.question.id)}/recall`;
    const name = operator.name() ? { name: operator.name() } : {};
    const { status, body } = await post(path, { number, source: newSource(), ...name });
    this.problem(status === 200 ? "" : body.message ?? "The desk can't be reached: try again.");
    if (status === 200) this.panels.write(body.text);
    if (status === 401) location.assign("/login");
  }

  setBusy(busy) {
    this.busy = busy;
    this.panels.refresh(busy);
    this.element.classList.toggle("busy", busy);
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
        if (body.question?.open) this.goOn(body);
        else this.done();
        break;
      case 401:
        location.assign("/login"); // the draft waits in the session's storage
        break;
      case 404:
      case 409:
        // The card stays even if nothing was typed: whoever clicked must see that it came late.
        if (body.question?.open) this.refused(body);
        else if (body.question) this.end(body.question);
        else this.vanish();
        break;
      case 0:
        this.problem("The desk can't be reached. Your text is kept: try again in a moment.");
        break;
      default:
        this.problem(body.message ?? `That did not work (${status}). Your text is kept.`);
        if (body.problems) this.panels.fields?.show(body.problems);
    }
  }

  /** What was done did not end the question. */
  goOn({ question }) {
    const { act } = this.attempt;
    this.attempt = null; // the same again is meant as a new act
    this.update(question);
    this.panels.taken(act);
  }

  /** Somebody was faster, or it was done before; the question is still open. */
  refused({ message, question }) {
    this.attempt = null;
    this.update(question);
    this.problem(message);
  }

  /** The question has ended. Whether the card may go: it stays while it holds unsent text. */
  end(question) {
    const mine = question.outcome?.source === `desk:${this.attempt?.source}`;
    this.render(question);
    if (this.busy) return false; // our own request tells in a moment
    if (mine) return this.forget();
    // A vote after the deadline decides nothing.
    const answerable = question.outcome?.state === "timed_out" && !question.approvals_needed;
    announce(`${ending(question)}: ${question.text}`);
    return this.ended(`${ending(question)}${why(question)}`, { late: answerable && !question.late_answer });
  }

  /** The question is gone and nothing is known of its end. */
  vanish() {
    this.question = { ...this.question, open: false };
    return this.ended("This question has ended", { late: false });
  }

  ended(words, { late }) {
    const { written } = this.panels;
    this.panels.close({ late });
    const rest = late ? "A late answer is kept, and the agent can still fetch it." : "Your text was not sent.";
    this.find(".ended").textContent = `${words}. ${written || late ? rest : ""}`;
    this.find(".ended").hidden = false;
    this.find(".after").hidden = false;
    this.element.classList.add("over");
    return !written && !(late && this.element.contains(document.activeElement));
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
