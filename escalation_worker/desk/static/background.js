// What comes with a question: what was said, what is known of the customer, links, and what was
// answered before. All of it is other people's words: written as text, never as markup.

import { ago } from "./common.js";

const SPEAKERS = { customer: "Customer", agent: "Agent", colleague: "Colleague" };

/** Draw what is there; `onLike` is called with the number of an answer to be taken up. */
export function drawBackground(card, question, onLike) {
  fill(card.querySelector(".turns"), question.turns.map(turn));
  fill(card.querySelector(".facts"), question.facts.flatMap(fact));
  fill(card.querySelector(".links"), question.links.map(link));
  const isKnown = question.facts.length > 0 || question.links.length > 0;
  card.querySelector(".known").hidden = !isKnown;
  card.querySelector(".told").hidden = !isKnown && question.turns.length === 0;
  const canWrite = !question.options_only; // where only an option will do, it has a button
  const draw = (each) => precedent(each, canWrite && onLike);
  fill(card.querySelector(".before"), question.precedents.map(draw));
  card.querySelector(".before-heading").hidden = question.precedents.length === 0;
}

/** None of it changes once it is there: it is drawn once, so that a focus in it is not lost. */
function fill(list, items) {
  if (list.children.length !== items.length) list.replaceChildren(...items);
  list.hidden = items.length === 0;
}

function turn({ speaker, text }) {
  const item = document.createElement("li");
  item.dataset.speaker = speaker;
  item.append(part("strong", SPEAKERS[speaker] ?? speaker), part("span", text, "said"));
  return item;
}

function fact({ name, value }) {
  return [part("dt", name), part("dd", value)];
}

function link({ title, url }) {
  const item = document.createElement("li");
  const address = URL.canParse(url) ? new URL(url) : null;
  // One address that the browser can't read must not keep the other questions from being shown.
  if (address === null) {
    item.append(part("span", `${title}: ${url}`));
    return item;
  }
  if (!["http:", "https:"].includes(address.protocol)) return item;
  const anchor = part("a", title);
  anchor.href = address.href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  anchor.title = url;
  // A title can claim anything; the host is where it leads.
  item.append(anchor, part("span", address.host, "host"));
  return item;
}

function precedent({ number, question, answer, by, at }, onLike) {
  const item = document.createElement("li");
  item.append(part("p", question, "asked"), part("p", answer, "said"), part("span", `${by}, ${ago(at)}`, "how"));
  if (onLike) {
    const button = part("button", "Answer like this", "quiet");
    button.type = "button";
    button.addEventListener("click", () => onLike(number));
    item.append(button);
  }
  return item;
}

function part(tag, text, kind = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = kind;
  element.dir = "auto";
  return element;
}
