// The form that an agent wants filled in: a flat JSON Schema, as inputs with labels. What is right
// is the server's to say; a browser's own checks would say it in other words, and at other times.

import { byId } from "./common.js";

const LONG_TEXT = 200;

export class Fields {
  constructor(schema, prefix, onInput) {
    this.rows = Object.entries(schema.properties).map(([name, field]) => {
      const row = new Row(name, field, schema.required.includes(name), `${prefix}-${name}`);
      row.input.addEventListener("input", () => {
        row.problem("");
        onInput();
      });
      return row;
    });
  }

  get elements() {
    return this.rows.map((row) => row.element);
  }

  /** What is written, by the fields' names, as the server reads it. */
  get values() {
    return Object.fromEntries(this.rows.map((row) => [row.name, row.value]));
  }

  /** Whether something was written that was not there at first. */
  get touched() {
    return this.rows.some((row) => row.raw !== row.initial);
  }

  get draft() {
    return JSON.stringify(this.rows.map((row) => row.raw));
  }

  set draft(text) {
    const kept = text ? JSON.parse(text) : [];
    if (kept.length === this.rows.length) this.rows.forEach((row, at) => row.write(kept[at]));
  }

  /** Whether the browser could read everything: what it can't read, it would leave out. */
  readable() {
    const unread = this.rows.filter((row) => row.input.validity.badInput);
    this.show(Object.fromEntries(unread.map((row) => [row.name, "can't be read"])));
    return unread.length === 0;
  }

  /** Show what is wrong beside each field, and go to the first. */
  show(problems) {
    for (const row of this.rows) row.problem(problems[row.name] ?? "");
    this.rows.find((row) => row.name in problems)?.input.focus();
  }

  lock() {
    for (const row of this.rows) row.input.disabled = true;
  }

  focus() {
    this.rows[0].input.focus({ preventScroll: true });
  }
}

class Row {
  constructor(name, field, required, id) {
    this.name = name;
    this.type = field.type;
    this.format = field.format;
    this.element = byId("field-template").content.firstElementChild.cloneNode(true);
    const find = (selector) => this.element.querySelector(selector);
    this.input = inputFor(field, required);
    this.input.id = id;
    find("label").htmlFor = id;
    find(".name").textContent = field.title ?? name;
    find(".optional").hidden = required || field.type === "boolean";
    const help = find(".help");
    help.id = `${id}-help`;
    help.textContent = field.description ?? "";
    help.hidden = !field.description;
    this.wrong = find(".wrong");
    this.wrong.id = `${id}-wrong`;
    this.input.setAttribute("aria-describedby", `${help.id} ${this.wrong.id}`);
    if (required && field.type !== "boolean") this.input.setAttribute("aria-required", "true");
    this.element.classList.toggle("tick", field.type === "boolean");
    find(".place").replaceWith(this.input);
    this.write(field.default ?? (field.type === "boolean" ? false : ""));
    this.initial = this.raw;
  }

  get raw() {
    return this.type === "boolean" ? this.input.checked : this.input.value;
  }

  get value() {
    if (this.type === "boolean") return String(this.input.checked);
    const local = this.format === "date-time" && this.input.value;
    // The browser's field knows no time zone: what was meant is the operator's own.
    return local ? new Date(this.input.value).toISOString() : this.input.value;
  }

  write(value) {
    if (this.type === "boolean") this.input.checked = value === true;
    else if (this.format === "date-time") this.input.value = localTime(value);
    else this.input.value = String(value);
  }

  problem(words) {
    this.wrong.textContent = words;
    this.wrong.hidden = !words;
    this.input.setAttribute("aria-invalid", String(Boolean(words)));
  }
}

function inputFor(field, required) {
  if (field.enum) return choice(field, required);
  const long = field.type === "string" && !field.format && field.maxLength > LONG_TEXT;
  const input = document.createElement(long ? "textarea" : "input");
  if (long) {
    input.rows = 2;
  } else {
    input.type = inputType(field);
    if (field.type === "integer") input.step = 1;
    if (field.type === "number") input.step = "any";
    for (const [limit, name] of [["minimum", "min"], ["maximum", "max"]]) {
      if (field[limit] != null) input[name] = field[limit];
    }
  }
  if (field.type === "string") input.dir = "auto";
  return input;
}

function inputType({ type, format }) {
  if (type === "boolean") return "checkbox";
  if (type !== "string") return "number";
  return { email: "email", uri: "url", date: "date", "date-time": "datetime-local" }[format] ?? "text";
}

function choice(field, required) {
  const input = document.createElement("select");
  const names = field.enumNames ?? field.enum;
  input.append(new Option(required ? "Please choose…" : "—", ""));
  field.enum.forEach((value, at) => input.append(new Option(names[at], value)));
  return input;
}

/** A moment as the browser's field for it wants it: in local time, without a zone. */
function localTime(value) {
  const moment = new Date(value);
  if (!value || Number.isNaN(moment.getTime())) return "";
  return new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
