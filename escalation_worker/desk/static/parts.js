// Parts of a card that are drawn anew from the question each time it changes.

import { same } from "./common.js";

/** Append what was said since the list was drawn last; nothing that stands there is touched. */
export function drawRemarks(list, remarks) {
  for (const remark of remarks.slice(list.children.length)) {
    const item = document.createElement("li");
    item.dataset.author = remark.author;
    item.append(
      part("strong", remark.author === "agent" ? "The agent" : remark.by ?? "Somebody"),
      part("span", remark.text, "said"),
      part("time", timeOfDay(remark.at)),
    );
    list.append(item);
  }
  list.hidden = remarks.length === 0;
}

/** How far an approval is, in words. */
export function votesInWords({ approvals_needed: needed, votes }) {
  const names = votes.filter((vote) => vote.approve).map((vote) => vote.by);
  const all = needed === 1 ? "One person must approve." : `${needed} different people must approve.`;
  return names.length ? `${names.length} of ${needed} approved: ${names.join(", ")}.` : all;
}

export function drawComments(list, votes) {
  const items = votes.filter((vote) => vote.comment).map((vote) => {
    const item = document.createElement("li");
    item.append(part("strong", vote.by), part("span", vote.comment, "said"));
    return item;
  });
  list.replaceChildren(...items);
  list.hidden = items.length === 0;
}

/** What the button about being on it does: its words, and the request. */
export function claimButton(claimedBy, me) {
  if (!claimedBy) return { words: "I'm on it", act: "claim", body: {} };
  if (same(claimedBy, me)) return { words: "Release", act: "release", body: {} };
  return { words: "Take over", act: "claim", body: { take_over: true } };
}

/** Links to the files of an answer, each once. Nothing but a web address becomes one. */
export function drawFiles(list, files) {
  const each = new Map(files.map((file) => [file.url, file])).values();
  const links = [...each].filter((file) => /^https?:\/\//.test(file.url)).map((file) => {
    const link = part("a", file.name);
    link.href = file.url;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return link;
  });
  list.replaceChildren(...links);
  list.hidden = links.length === 0;
}

export function optionButton(label, onPick) {
  const button = part("button", label);
  button.type = "button";
  button.addEventListener("click", onPick);
  return button;
}

function timeOfDay(moment) {
  return new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function part(tag, text, kind = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = kind;
  element.dir = "auto";
  return element;
}
