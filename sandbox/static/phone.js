// Shows a phone's chat and keeps it fresh by asking for a newer version. Text is only ever set as text.
"use strict";
const POLL_MS = 700;
const chat = document.getElementById("chat");
const list = document.getElementById("messages");
const base = "/phone/" + encodeURIComponent(chat.dataset.number);
const seen = new Set();
let version = -1;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function icon(path, box) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", box || "0 0 24 24");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [key, value] of Object.entries({ d: path, fill: "none", stroke: "currentColor", "stroke-width": "2",
    "stroke-linecap": "round", "stroke-linejoin": "round" })) line.setAttribute(key, value);
  svg.append(line);
  return svg;
}

const CHECK = "M5 12.500l4.500 4.500L19 7.500";
const CROSS = "M6.500 6.500l11 11M17.500 6.500l-11 11";
const REPLY = "M10 6L4 11.500 10 17M4 11.500h9c4 0 7 2 7 6.500";
const TICKS = "M1 8l4 4 8-9M9 11l1.200 1 8-9";
const TICK = "M4 8l4 4 8-9";

// Paragraphs with *bold* and _italic_, the chat's own marks.
function words(text) {
  const block = make("div", "words");
  for (const paragraph of text.split(/\n{2,}/)) {
    const lines = make("p");
    for (const part of paragraph.split(/(\*[^*\n]+\*|\b_[^_\n]+_\b)/)) {
      if (/^\*[^*\n]+\*$/.test(part)) lines.append(make("b", "", part.slice(1, -1)));
      else if (/^_[^_\n]+_$/.test(part)) lines.append(make("i", "", part.slice(1, -1)));
      else lines.append(part);
    }
    block.append(lines);
  }
  return block;
}

function picture(source) {
  const button = make("button", "shot");
  button.type = "button";
  button.setAttribute("aria-label", "Show the picture large");
  const image = make("img");
  image.src = source;
  image.alt = "Picture in the message";
  image.addEventListener("load", atEnd ? toEnd : () => {});
  button.append(image);
  button.addEventListener("click", () => {
    const dialog = document.getElementById("picture");
    dialog.querySelector("img").src = source;
    dialog.showModal();
  });
  return button;
}

function buttons(message) {
  const row = make("div", "buttons");
  for (const one of message.buttons) {
    const kind = /^approve/i.test(one.title) ? "yes" : /^reject/i.test(one.title) ? "no" : "";
    const button = make("button", kind);
    button.type = "button";
    button.append(icon(kind === "yes" ? CHECK : kind === "no" ? CROSS : REPLY), one.title);
    button.disabled = message.tapped !== null;
    if (message.tapped === one.id) button.classList.add("chosen");
    button.addEventListener("click", () => send("/tap", { message_sid: message.sid, button: one.id }));
    row.append(button);
  }
  return row;
}

function meta(message) {
  const row = make("div", "meta");
  if (message.footer) row.append(make("span", "footer", message.footer));
  if (message.mine && message.status === "failed") row.append(make("span", "failed", "Not delivered"));
  const time = make("time", "", new Date(message.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = message.at;
  row.append(time);
  if (message.mine && message.status !== "failed") {
    const ticks = icon(message.status === "received" ? TICKS : TICK, "0 0 20 14");
    if (message.status === "received") ticks.classList.add("taken");
    row.append(ticks);
  }
  return row;
}

function bubble(message, all) {
  const item = make("li", "message");
  item.dataset.sid = message.sid;
  item.classList.toggle("mine", message.mine);
  item.classList.toggle("card", message.media.length + message.buttons.length > 0);
  item.classList.toggle("fresh", version !== -1 && !seen.has(message.sid));
  seen.add(message.sid);
  const asked = all.find((other) => other.sid === message.reply_to);
  if (asked) item.append(make("div", "quote", asked.body.replaceAll("*", "").split("\n").slice(0, 2).join(" ")));
  item.append(...message.media.map(picture));
  if (message.body) item.append(words(message.body));
  item.append(meta(message));
  if (message.buttons.length) item.append(buttons(message));
  return item;
}

let atEnd = true;
chat.addEventListener("scroll", () => { atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 60; });
function toEnd() { chat.scrollTop = chat.scrollHeight; }

function day(at) {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString() ? "Today" : date.toLocaleDateString([], { dateStyle: "medium" });
}

function show(phone) {
  const stay = atEnd;
  const items = [];
  let last = "";
  for (const message of phone.messages) {
    if (day(message.at) !== last) items.push(make("li", "day", last = day(message.at)));
    items.push(bubble(message, phone.messages));
  }
  list.replaceChildren(...items);
  version = phone.version;
  if (stay) toEnd();
}

async function send(path, body) {
  await fetch(base + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  atEnd = true;
  await refresh();
}

async function refresh() {
  const answer = await fetch(base + "/chat?version=" + version);
  if (answer.status === 200) show(await answer.json());
}

async function poll() {
  try { await refresh(); document.body.classList.remove("offline"); }
  catch { document.body.classList.add("offline"); }
  setTimeout(poll, POLL_MS);
}

document.getElementById("writer").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = document.getElementById("text");
  const text = field.value.trim();
  field.value = "";
  if (text) send("/text", { text });
});
document.getElementById("picture").addEventListener("click", (event) => event.currentTarget.close());
document.getElementById("clock").textContent = new Date().toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
poll();
