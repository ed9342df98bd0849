// What was written and has not come back through the stream yet. Sends one message after the other,
// so that they arrive in the order in which they were written, and again until it is seen.

const ANSWER = 15000; // milliseconds to wait for the answer to a POST
const ECHO = 5000; // and then for the message itself
const LONGEST_PAUSE = 10000;

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Pages that are not served over HTTPS have only this.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0")).join("");
}

// Survives a reload of the page, and no more.
function load(key) {
  return JSON.parse(sessionStorage.getItem(key) ?? "[]");
}

export class Outbox {
  #waiting = load("waiting"); // oldest first
  #mine = new Set(load("mine")); // ids of what this tab has written
  #handlers;
  #timer;
  #failures = 0;
  #busy = false;

  constructor(handlers) {
    this.#handlers = handlers;
    for (const message of this.#waiting) handlers.changed(message);
    this.#send();
  }

  add(name, text) {
    const at = Math.floor(Date.now() / 1000);
    const message = { id: newId(), name, text, at, state: "sending" };
    this.#mine.add(message.id);
    this.#waiting.push(message);
    this.#save();
    this.#handlers.changed(message);
    this.#send();
  }

  isMine(id) {
    return this.#mine.has(id);
  }

  // The stream has brought it: done.
  arrived(id) {
    const index = this.#waiting.findIndex((message) => message.id === id);
    if (index < 0) return;
    const [message] = this.#waiting.splice(index, 1);
    this.#save();
    this.#handlers.gone(message);
  }

  retry(message) {
    message.state = "sending";
    this.#handlers.changed(message);
    this.hurry();
  }

  // The connection is back: no need to wait any longer.
  hurry() {
    this.#failures = 0;
    this.#send();
  }

  #save() {
    sessionStorage.setItem("waiting", JSON.stringify(this.#waiting));
    sessionStorage.setItem("mine", JSON.stringify([...this.#mine].slice(-500)));
  }

  #later(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), milliseconds);
  }

  async #send() {
    if (this.#busy) return;
    clearTimeout(this.#timer);
    const message = this.#waiting.find(({ state }) => state === "sending")
      ?? this.#waiting.find(({ state, again }) => state === "sent" && again <= Date.now());
    if (!message) {
      if (this.#waiting.some(({ state }) => state === "sent")) this.#later(1000);
      return;
    }
    this.#busy = true;
    const answer = await this.#post(message);
    this.#busy = false;
    if (answer?.ok) {
      this.#failures = 0;
      message.state = "sent";
      message.again = Date.now() + ECHO;
      this.#send();
    } else if (answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      message.state = "failed";
      message.problem = (await answer.json().catch(() => ({}))).problem;
      if (this.#waiting.includes(message)) this.#handlers.changed(message);
      this.#send();
    } else {
      this.#failures += 1;
      this.#later(Math.min(LONGEST_PAUSE, 250 * 2 ** this.#failures) * (0.5 + Math.random() / 2));
    }
  }

  async #post({ id, name, text }) {
    try {
      return await fetch("say", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ id, name, text }),
        signal: AbortSignal.timeout(ANSWER),
      });
    } catch {
      return null;
    }
  }
}
