// How the latest questions ended.

import { ago, announce, byId, duration, ending } from "./common.js";
import { drawFiles } from "./parts.js";

const KEPT = 50;
const MARKS = { answered: "✓", denied: "✕", declined: "✕", timed_out: "–", cancelled: "↩", undeliverable: "!" };

export class Recent {
  constructor(list, nothing, onLate) {
    this.list = list;
    this.nothing = nothing;
    this.onLate = onLate;
    this.questions = new Map();
  }

  add(question) {
    const before = this.questions.get(question.id);
    this.questions.set(question.id, question);
    const text = holding(question)?.text;
    // Who can't see the list was told the first answer when it came.
    if (before && text && edits(question) && text !== holding(before)?.text) {
      announce(`${holding(question).by ?? "Somebody"} corrected the answer: ${text}`);
    }
    this.render();
  }

  replace(questions) {
    // The server forgets at a restart; what this page has seen stays until it is reloaded.
    for (const question of questions) this.questions.set(question.id, question);
    this.render();
  }

  render() {
    const at = (question) => Date.parse(question.outcome?.at ?? question.created_at);
    const latest = [...this.questions.values()].sort((a, b) => at(b) - at(a)).slice(0, KEPT);
    this.questions = new Map(latest.map((question) => [question.id, question]));
    this.list.replaceChildren(...latest.map((question) => this.item(question)));
    this.nothing.hidden = latest.length > 0;
  }

  item(question) {
    const element = byId("recent-template").content.firstElementChild.cloneNode(true);
    const find = (selector) => element.querySelector(selector);
    const { outcome, late_answer: late } = question;
    const holds = holding(question);
    // A denial is an answer, and not the one that was hoped for.
    element.dataset.state = outcome?.approved === false ? "denied" : question.state;
    find("i").textContent = MARKS[element.dataset.state] ?? "";
    find(".what").textContent = question.text;
    const said = holds?.text ?? (question.state === "timed_out" ? null : outcome?.reason);
    if (said) this.show(find(".answer"), said);
    const other = beside(question);
    if (other) this.show(find(".beside"), other);
    drawFiles(find(".files"), [...(outcome?.files ?? []), ...(holds?.files ?? [])]);
    find(".how").textContent = this.how(question);
    if (question.state === "timed_out" && !late && !question.approvals_needed) {
      find(".late").hidden = false;
      find(".late").addEventListener("click", () => this.onLate(question));
    }
    return element;
  }

  show(element, text) {
    element.textContent = text;
    element.hidden = false;
  }

  how(question) {
    const late = question.late_answer?.by ? ` · ${question.late_answer.by} answered late` : "";
    const corrected = edits(question);
    const when = question.outcome ? ` · ${ago(question.outcome.at)}` : "";
    const delivered = question.delivered ? " · delivered to the customer" : "";
    const kept = question.caller_gone && !question.delivered && question.state !== "cancelled";
    const gone = kept ? " · the customer has gone" : "";
    return `${ending(question)}${corrected}${late}${when}${delivered}${gone}`;
  }

  tick() {
    [...this.questions.values()].forEach((question, index) => {
      this.list.children[index].querySelector(".how").textContent = this.how(question);
    });
  }
}

/** The answer that holds now: the correction of one that an agent had read, or what came late. */
function holding({ state, outcome, correction, late_answer: late }) {
  return correction ?? (state === "timed_out" ? late : outcome);
}

/** What was said to the agent before that, or in a person's place. */
function beside({ state, outcome, correction }) {
  if (correction) return `The agent was told first: ${outcome.text ?? "the files"}`;
  return state === "timed_out" && outcome.text ? `Prepared answer: ${outcome.text}` : "";
}

/** When the answer was edited, and whether the agent had read it by then. */
function edits({ outcome, correction }) {
  const edited = (correction ?? outcome)?.corrected_at;
  if (!edited) return "";
  const after = duration((Date.parse(edited) - Date.parse(outcome.at)) / 1000);
  return ` · corrected ${after} later, ${correction ? "after" : "before"} the agent had read it`;
}
