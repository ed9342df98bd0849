// The chat page: one stream of events in, messages out one by one, and the list between them.
// What is written is shown at once and kept until it comes back through the stream; until then it
// is sent again, under the same id, so nothing is lost and nothing is shown twice.

import { Stream } from "./stream.js";
import { Outbox } from "./outbox.js";
import { MessageList } from "./list.js";

const $ = (id) => document.getElementById(id);

const form = $("composer");
const text = $("text");
const naming = $("naming");

let name = localStorage.getItem("name") ?? "";

const list = new MessageList({
  scroller: $("scroller"),
  messages: $("messages"),
  outbox: $("outbox"),
  empty: $("empty"),
  unread: $("unread"),
  unreadText: $("unread-text"),
  title: document.title,
});

const outbox = new Outbox({
  changed: (message) => list.showPending(message, () => outbox.retry(message)),
  gone: (message) => list.removePending(message.id),
});

const STATES = {
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  offline: "You are offline",
};

new Stream("events", {
  state(state) {
    const element = $("connection");
    if (element.dataset.state === state) return;
    element.dataset.state = state;
    element.textContent = STATES[state];
    if (state === "connected") outbox.hurry();
  },
  message(message) {
    outbox.arrived(message.id);
    list.show({ ...message, mine: message.mine || outbox.isMine(message.id) });
  },
  gap: () => list.mark("gap", "Messages may be missing here"),
  live: () => list.goLive(),
});

// Writing

function fit() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

text.addEventListener("input", fit);

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const written = text.value.trim();
  if (!written) return;
  if (!name) {
    askName();
    return;
  }
  outbox.add(name, written);
  list.toEnd();
  text.value = "";
  fit();
  text.focus();
});

// The name

function showName() {
  $("me").hidden = !name;
  $("me-name").textContent = name;
  list.paintAvatar($("me-avatar"), name);
}

function askName() {
  $("name").value = name;
  naming.showModal();
  $("name").select();
}

$("naming-form").addEventListener("submit", () => {
  const given = $("name").value.trim();
  if (!given) return;
  name = given;
  localStorage.setItem("name", name);
  showName();
});

naming.addEventListener("close", () => text.focus());

$("me").addEventListener("click", askName);

showName();
if (name) text.focus();
else askName();
