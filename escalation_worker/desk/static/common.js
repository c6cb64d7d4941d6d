// What the modules of the page share: the server's clock, who answers, words for times.

export const byId = (id) => document.getElementById(id);

export const ANSWER_LIMIT = 4000;

let offset = 0;

export const clock = {
  set(serverTime) {
    offset = Date.parse(serverTime) - Date.now();
  },
  now: () => Date.now() + offset,
};

const NAME = "desk.name";

function stored(storage, key, value) {
  // A browser may forbid storage, in a private window or a foreign frame.
  try {
    if (value === undefined) return storage().getItem(key) ?? "";
    if (value === "") storage().removeItem(key);
    else storage().setItem(key, value);
  } catch {
    return "";
  }
  return value;
}

export const operator = {
  own: () => stored(() => localStorage, NAME),
  set: (name) => stored(() => localStorage, NAME, name.trim()),
  setDefault: (name) => {
    byId("name").placeholder = name;
  },
  /** The name to send, or null for the desk's own. */
  name: () => byId("name").value.trim() || null,
  /** The name under which others see what this page does. */
  shown: () => operator.name() ?? byId("name").placeholder,
  /** Show the name that was given at the login; only another login changes it. */
  fix: (name) => {
    byId("name").value = name;
    byId("name").readOnly = true;
  },
};

/** Whether two names are one person's, as the desk counts people. */
export function same(one, other) {
  const plain = (name) => (name ?? "").split(/\s+/).filter(Boolean).join(" ").toLowerCase();
  return plain(one) === plain(other);
}

export const drafts = {
  get: (id) => stored(() => sessionStorage, `desk.draft.${id}`),
  set: (id, text) => stored(() => sessionStorage, `desk.draft.${id}`, text),
};

export function announce(text) {
  byId("announcer").textContent = text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

export function newSource() {
  // Not randomUUID: browsers have it on https and loopback only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** How long something took or lasts, in at most two units. */
export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 90) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

export function ago(time) {
  const seconds = (clock.now() - Date.parse(time)) / 1000;
  return seconds < 10 ? "just now" : `${duration(seconds)} ago`;
}

/** What is left of a deadline, as a clock shows it. */
export function countdown(seconds) {
  if (seconds <= 0) return "0:00";
  const whole = Math.ceil(seconds);
  if (whole >= 86_400) return duration(whole);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** How a question ended, in a sentence. */
export function ending(question) {
  const outcome = question.outcome;
  if (!outcome) return "This question is no longer kept.";
  const who = outcome.by ?? "Somebody";
  const after = `after ${duration(outcome.seconds)}`;
  switch (outcome.state) {
    case "answered":
      if (outcome.approved === null) return `${who} answered ${after}`;
      return outcome.approved ? `Approved ${after}; ${who} decided` : `${who} denied ${after}`;
    case "declined":
      return `${who} declined ${after}`;
    case "timed_out": {
      const instead = outcome.approved === false ? "; silence counts as a no" : "; a prepared answer was given";
      const fallback = outcome.provenance === "fallback" ? instead : "";
      return `Nobody answered within ${duration(outcome.seconds)}${fallback}`;
    }
    case "cancelled":
      // By its route, where the conversation ended.
      return `${outcome.provenance === "system" ? "Cancelled" : "The agent took it back"} ${after}`;
    default:
      return "It could not be shown to anybody";
  }
}

/** Why a question was cancelled, as far as somebody said it. */
export function why({ state, outcome }) {
  return state === "cancelled" && outcome?.reason ? `: ${outcome.reason}` : "";
}

/** Send a JSON body. Resolves to {status, body}; status 0 means that the desk is away. */
export async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : {} };
  } catch {
    return { status: 0, body: {} };
  }
}
