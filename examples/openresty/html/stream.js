// The stream of events, kept open: comes back after whatever ends it, from where it was. A browser
// does that by itself for a connection that breaks; not for one that dies silently, nor for a
// server that answers with an error.

const SILENCE = 40000; // milliseconds without any event, when the server sends a beat every 15 s
const LONGEST_PAUSE = 10000;

export class Stream {
  #url;
  #handlers;
  #source;
  #last = "";
  #failures = 0;
  #watchdog;

  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
    addEventListener("online", () => this.#open());
    addEventListener("offline", () => this.#handlers.state("offline"));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#source.readyState !== EventSource.OPEN) this.#open();
    });
    this.#open();
  }

  #open() {
    this.#source?.close();
    this.#handlers.state(this.#last ? "reconnecting" : "connecting");
    const query = this.#last ? `?after=${encodeURIComponent(this.#last)}` : "";
    const source = new EventSource(this.#url + query);
    this.#source = source;
    this.#watch();

    source.onopen = () => {
      this.#failures = 0;
      this.#handlers.state("connected");
      this.#watch();
    };
    source.onmessage = (event) => {
      this.#last = event.lastEventId;
      this.#watch();
      this.#handlers.message(JSON.parse(event.data));
    };
    // Before the first message there is nothing that could be missing from this page.
    source.addEventListener("gap", () => this.#last && this.#handlers.gap());
    source.addEventListener("live", () => {
      this.#watch();
      this.#handlers.live();
    });
    source.addEventListener("beat", () => this.#watch());
    source.onerror = () => {
      this.#handlers.state(navigator.onLine ? "reconnecting" : "offline");
      if (source.readyState === EventSource.CLOSED) this.#openLater();
    };
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#open(), SILENCE);
  }

  #openLater() {
    this.#failures += 1;
    const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#open(), pause);
  }
}
