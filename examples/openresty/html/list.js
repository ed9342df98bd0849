// The list of messages: in the order of the stream, each id once, those still on their way below.
// Counts what has not been read, and says so in a button and in the title.

const TOGETHER = 300; // seconds within which one author's messages stand under one name
const NEAR_END = 80; // pixels from the end that count as being there

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Web addresses become links; everything stays text.
function fillText(target, text) {
  const address = /https?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]]/g;
  let end = 0;
  for (const match of text.matchAll(address)) {
    target.append(text.slice(end, match.index));
    const link = element("a", "", match[0]);
    link.href = match[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    target.append(link);
    end = match.index + match[0].length;
  }
  target.append(text.slice(end));
}

export class MessageList {
  #parts;
  #seen = new Set();
  #pending = new Map();
  #previous = null; // the last message, unless a line stands below it
  #day = new Date().toDateString();
  #live = false;
  #unread = 0;

  constructor(parts) {
    this.#parts = parts;
    parts.unread.addEventListener("click", () => this.toEnd());
    parts.scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    document.addEventListener("visibilitychange", () => this.#look());
    // The keyboard of a phone makes the list shorter: what was at the end stays there.
    new ResizeObserver(() => this.#following && this.toEnd()).observe(parts.scroller);
  }

  #following = true;

  // From now on what comes is new; what came before was said before this page was opened.
  goLive() {
    this.#live = true;
    this.#parts.empty.hidden = this.#seen.size > 0 || this.#pending.size > 0;
    if (this.#following) this.toEnd();
  }

  show(message) {
    if (this.#seen.has(message.id)) return;
    this.#seen.add(message.id);
    this.#parts.empty.hidden = true;
    const date = new Date(message.at * 1000);
    if (date.toDateString() !== this.#day) {
      this.#day = date.toDateString();
      this.mark("day", day.format(date));
    }
    if (this.#live && !message.mine && (document.hidden || !this.#following)) {
      if (this.#unread === 0) this.mark("new", "New");
      this.#unread += 1;
      this.#showUnread();
    }
    const first = !this.#previous || this.#previous.name !== message.name
      || this.#previous.publisher_id !== message.publisher_id
      || this.#previous.mine !== message.mine || message.at - this.#previous.at > TOGETHER;
    const item = this.#item(message, date, first);
    if (this.#live) item.dataset.arrived = "";
    this.#parts.messages.append(item);
    this.#previous = message;
    if (this.#following) this.toEnd();
  }

  // A line between messages.
  mark(kind, text) {
    if (kind === "new") this.#parts.messages.querySelector('[data-kind="new"]')?.remove();
    const marker = element("li", "marker");
    marker.dataset.kind = kind;
    marker.append(element("span", "", text));
    this.#parts.messages.append(marker);
    this.#previous = null;
  }

  showPending(message, retry) {
    this.#parts.empty.hidden = true;
    const item = this.#item({ ...message, mine: true }, new Date(message.at * 1000), false);
    item.dataset.pending = "";
    const failed = message.state === "failed";
    const note = element("p", "delivery", failed ? message.problem ?? "Not sent" : "Sending…");
    if (failed) {
      item.dataset.failed = "";
      const button = element("button", "", "Try again");
      button.type = "button";
      button.addEventListener("click", retry);
      note.append(button);
    }
    item.append(note);
    const shown = this.#pending.get(message.id);
    if (shown) shown.replaceWith(item);
    else this.#parts.outbox.append(item);
    this.#pending.set(message.id, item);
    if (this.#following) this.toEnd();
  }

  removePending(id) {
    this.#pending.get(id)?.remove();
    this.#pending.delete(id);
  }

  toEnd() {
    const { scroller } = this.#parts;
    scroller.scrollTop = scroller.scrollHeight;
    this.#look();
  }

  paintAvatar(target, name) {
    const words = name.trim().split(/\s+/).filter(Boolean);
    const initials = words.length > 1 ? [words[0], words.at(-1)] : words;
    let hash = 0;
    for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 360;
    target.textContent = initials.map((word) => [...word][0]).join("").toUpperCase();
    target.style.setProperty("--hue", hash);
  }

  #item(message, date, first) {
    const item = element("li", "message");
    item.dataset.id = message.id;
    if (message.mine) item.dataset.mine = "";
    if (first) {
      item.dataset.first = "";
      const avatar = element("span", "avatar");
      avatar.ariaHidden = "true";
      this.paintAvatar(avatar, message.name);
      const byline = element("p", "byline");
      const stamp = element("time", "", time.format(date));
      stamp.dateTime = date.toISOString();
      byline.append(element("span", "author", message.mine ? "You" : message.name), stamp);
      item.append(avatar, byline);
    } else {
      // For who hears the list rather than sees it.
      item.append(element("span", "hidden", `${message.mine ? "You" : message.name}: `));
    }
    const body = element("p", "text");
    fillText(body, message.text);
    item.append(body);
    return item;
  }

  // What the reader has before the eyes now.
  #look() {
    const { scroller } = this.#parts;
    this.#following =
      scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
    if (!this.#following || document.hidden || this.#unread === 0) return;
    this.#unread = 0;
    this.#showUnread();
  }

  #showUnread() {
    const { unread, unreadText, title } = this.#parts;
    const count = this.#unread;
    unread.hidden = count === 0;
    unreadText.textContent = `${count} new ${count === 1 ? "message" : "messages"}`;
    document.title = count === 0 ? title : `(${count}) ${title}`;
  }
}
