"use strict";

const LIMIT = 2000;
const chat = new URLSearchParams(location.search).get("c") ?? "";
const query = `?c=${encodeURIComponent(chat)}`;
const find = (id) => document.getElementById(id);
const lines = find("lines");
const scroller = find("scroll");
const text = find("text");
const send = find("send");
const shown = new Set();
let state = { open_questions: 0, waiting_since: null, thinking: false, ended: false };
let waitingSince = null;
let connected = false;
let lastWho = "";
let live = false; // what was there before does not move in

// Everything that people or the agent wrote goes through textContent: it is never markup.
function element(tag, className, content) {
  const made = document.createElement(tag);
  made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
}

// Nothing but a web address becomes a link, and what it leads to learns nothing of this page.
function fileLinks(files) {
  const list = element("p", "files");
  for (const file of files.filter(({ url }) => /^https?:\/\//.test(url))) {
    const link = element("a", "file", `📎 ${file.name}`);
    link.href = file.url;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    list.append(link);
  }
  return list;
}

function isAtEnd() {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
}

function toEnd() {
  scroller.scrollTop = scroller.scrollHeight;
}

function showLine(line) {
  if (shown.has(line.id)) return;
  shown.add(line.id);
  const stay = isAtEnd() || line.who === "customer";
  const item = element("li", `line ${line.who}${line.who === lastWho ? "" : " turn"}${live ? " fresh" : ""}`);
  const name = { customer: "You", agent: document.querySelector(".chat").dataset.agent, status: "Status" };
  item.append(element("span", "sr", `${name[line.who] ?? line.who}: `));
  item.append(element("p", "bubble", line.text));
  if (line.files?.length) item.append(fileLinks(line.files));
  const moment = element("time", "", new Date(line.time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  moment.dateTime = line.time;
  const previous = lines.lastElementChild;
  if (previous && line.who === lastWho) previous.querySelector("time")?.remove();
  item.append(moment);
  lines.append(item);
  lastWho = line.who;
  if (line.who === "customer") find("chips").hidden = true;
  if (stay) toEnd();
}

function showState() {
  const { open_questions: open, thinking, ended } = state;
  const stay = isAtEnd();
  find("thinking").hidden = !thinking;
  find("waiting").hidden = open === 0 || ended;
  find("waiting-text").textContent = open > 1 ? `Waiting for colleagues: ${open} questions` : "Waiting for a colleague";
  waitingSince = state.waiting_since === null ? null : Date.parse(state.waiting_since);
  find("presence").classList.toggle("on", connected && !ended);
  let status = "Online";
  if (ended) status = "This chat has ended";
  else if (!connected) status = "Reconnecting …";
  else if (open > 0) status = "Online · has asked a colleague";
  if (find("status").textContent !== status) find("status").textContent = status;
  text.disabled = ended;
  find("end").textContent = ended ? "New chat" : "End chat";
  if (ended) find("chips").hidden = true;
  enable();
  tick();
  if (stay) toEnd();
}

function tick() {
  if (waitingSince === null) return;
  const seconds = Math.max(0, Math.floor((Date.now() - waitingSince) / 1000));
  const padded = String(seconds % 60).padStart(2, "0");
  find("waiting-clock").textContent = `${Math.floor(seconds / 60)}:${padded}`;
}

function enable() {
  send.disabled = state.ended || text.value.trim() === "";
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

function complain(problem) {
  find("problem").textContent = problem;
}

async function post(path, body) {
  return fetch(path + query, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function write(words) {
  const trimmed = words.trim();
  if (trimmed === "") return;
  if ([...trimmed].length > LIMIT) {
    complain(`A message can have ${LIMIT} characters; this one has ${[...trimmed].length}.`);
    return;
  }
  complain("");
  send.disabled = true;
  try {
    const response = await post("messages", { text: trimmed });
    if (!response.ok) {
      const { error } = await response.json();
      complain(error ?? "That did not work. Please try again.");
      return;
    }
    text.value = "";
    grow();
  } catch {
    complain("No connection. Your message is still here; please try again.");
  } finally {
    enable();
  }
}

function listen() {
  // The browser reconnects by itself and tells the server the last id that it saw.
  const source = new EventSource(`events${query}`);
  source.onopen = () => {
    connected = true;
    showState();
  };
  source.onmessage = (event) => showLine(JSON.parse(event.data));
  source.addEventListener("state", (event) => {
    state = JSON.parse(event.data);
    if (state.ended) source.close();
    showState();
    live = true;
  });
  source.onerror = () => {
    connected = false;
    showState();
    if (source.readyState === EventSource.CLOSED && !state.ended) setTimeout(listen, 2000);
  };
}

find("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  write(text.value);
});
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    write(text.value);
  }
});
text.addEventListener("input", () => {
  complain("");
  grow();
  enable();
});
find("chips").addEventListener("click", (event) => {
  if (event.target instanceof HTMLButtonElement) write(event.target.textContent);
});
find("end").addEventListener("click", () => {
  if (state.ended) location.assign(location.pathname);
  else post("end", {}).catch(() => complain("No connection. Please try again."));
});
setInterval(tick, 1000);
listen();
if (window.self === window.top) text.focus();
