// The desk: keeps what is on the page in step with the server. Everything that people or agents
// wrote enters the document as text, never as markup.

import { Card } from "./card.js";
import { announce, byId, clock, operator, post } from "./common.js";
import { Recent } from "./recent.js";

const FEW = 50; // cards, of which no more are left when those behind them are fetched

const cards = new Map();
let more = false; // whether more are open than the server listed
const recent = new Recent(byId("recent"), byId("nothing"), answerLate);

/** Show an open question. Returns its card if there was none before. */
function upsert(question) {
  const known = cards.get(question.id);
  if (known) {
    known.update(question);
    return null;
  }
  const card = new Card(question, { onDone: remove });
  const [later] = [...cards.values()]
    .filter((each) => each.deadline > card.deadline)
    .sort((one, other) => one.deadline - other.deadline);
  cards.set(question.id, card);
  byId("cards").insertBefore(card.element, later ? later.element : null);
  return card;
}

function remove(id) {
  const card = cards.get(id);
  if (!card) return;
  const hadFocus = card.element.contains(document.activeElement);
  cards.delete(id);
  card.leave();
  if (hadFocus) firstCard()?.focus();
  count();
  if (more && waiting().length < FEW) refill();
}

function firstCard() {
  const element = byId("cards").querySelector(".card:not(.leaving)");
  return element && [...cards.values()].find((each) => each.element === element);
}

function conclude(question) {
  recent.add(question);
  const card = cards.get(question.id);
  if (!card) return;
  // Typed text is never taken away: the card stays until it is dismissed.
  if (card.end(question)) remove(question.id);
}

function answerLate(question) {
  const card = cards.get(question.id) ?? upsert(question);
  card.end(question);
  count();
  card.focus();
}

function waiting() {
  return [...cards.values()].filter((card) => card.open);
}

function count() {
  const open = `${waiting().length}${more ? "+" : ""}`;
  byId("count").textContent = open;
  byId("empty").hidden = cards.size > 0 || more;
  document.title = open === "0" ? "Desk" : `(${open}) Desk`;
}

/** Show what is open behind the questions that were listed. */
async function refill() {
  more = false; // once: the answer says whether there are more still
  try {
    const response = await fetch("/api/questions");
    if (response.ok) onSync(await response.json());
  } catch {
    // The desk is away: the stream begins anew, with all that is open.
  }
}

// Called after the empty page's notice is gone: focusing scrolls to where the card is by then.
function welcome(card) {
  announce(`New question from ${card.question.agent}: ${card.question.text}`);
  // Never take the focus from somebody who is typing, here or in another frame.
  if (document.hasFocus() && document.activeElement === document.body) card.focus();
}

function onSync(snapshot) {
  clock.set(snapshot.now);
  if (snapshot.login) operator.fix(snapshot.operator_name);
  else operator.setDefault(snapshot.operator_name);
  byId("log-out").hidden = !snapshot.login;
  const open = new Set(snapshot.open.map((question) => question.id));
  const ended = new Map(snapshot.recent.map((question) => [question.id, question]));
  const added = snapshot.open.map(upsert);
  more = snapshot.more;
  recent.replace(snapshot.recent);
  for (const [id, card] of cards) {
    if (open.has(id) || !card.open) continue;
    if (ended.has(id)) conclude(ended.get(id));
    else if (!snapshot.more && card.vanish()) remove(id); // of more than are listed, it may be one
  }
  setTrouble("");
  count();
  added.forEach((card) => card && welcome(card));
}

function onQuestion(question) {
  const added = question.open ? upsert(question) : null;
  if (!question.open) conclude(question);
  count();
  if (added) welcome(added);
}

function setTrouble(reason) {
  byId("trouble").textContent = reason && `Questions can't be read at the moment: ${reason}`;
  byId("trouble").hidden = !reason;
}

function setLink(state, words) {
  const link = byId("link");
  if (link.dataset.state === state) return;
  link.dataset.state = state;
  link.querySelector("span").textContent = words;
}

function connect() {
  const source = new EventSource("/api/events");
  const on = (name, take) =>
    source.addEventListener(name, (event) => {
      setLink("live", "Live");
      take(JSON.parse(event.data));
    });
  on("sync", onSync);
  on("question", onQuestion);
  on("trouble", ({ reason }) => setTrouble(reason));
  source.onerror = async () => {
    setLink("lost", "Reconnecting…");
    // A browser gives up for good when the answer is no stream: a login that has run out, or a
    // proxy's error page.
    if (source.readyState !== EventSource.CLOSED) return;
    await checkSession();
    setTimeout(connect, 2000);
  };
}

async function checkSession() {
  try {
    const response = await fetch("/api/questions");
    if (response.status === 401) location.assign("/login");
  } catch {
    // The desk is away: connecting goes on.
  }
}

byId("log-out").addEventListener("click", async () => {
  await post("/api/logout", {});
  location.assign("/login");
});
byId("name").addEventListener("input", (event) => {
  operator.set(event.target.value);
  cards.forEach((card) => card.renderClaim());
});
byId("name").value = operator.own();
setInterval(() => cards.forEach((card) => card.tick()), 500);
setInterval(() => recent.tick(), 10_000);
connect();
