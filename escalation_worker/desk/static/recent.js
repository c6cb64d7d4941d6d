// How the latest questions ended.

import { ago, byId, ending } from "./common.js";
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
    this.questions.set(question.id, question);
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
    // A denial is an answer, and not the one that was hoped for.
    element.dataset.state = outcome?.approved === false ? "denied" : question.state;
    find("i").textContent = MARKS[element.dataset.state] ?? "";
    find(".what").textContent = question.text;
    const said = outcome?.text ?? late?.text ?? outcome?.reason;
    if (said && question.state !== "timed_out") this.show(find(".answer"), said);
    else if (late?.text) this.show(find(".answer"), late.text);
    drawFiles(find(".files"), [...(outcome?.files ?? []), ...(late?.files ?? [])]);
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
    const when = question.outcome ? ` · ${ago(question.outcome.at)}` : "";
    const delivered = question.delivered ? " · delivered to the customer" : "";
    const kept = question.caller_gone && !question.delivered && question.state !== "cancelled";
    const gone = kept ? " · the customer has gone" : "";
    return `${ending(question)}${late}${when}${delivered}${gone}`;
  }

  tick() {
    [...this.questions.values()].forEach((question, index) => {
      this.list.children[index].querySelector(".how").textContent = this.how(question);
    });
  }
}
