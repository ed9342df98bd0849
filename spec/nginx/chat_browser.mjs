// Two people in two browsers at the chat site: chat_browser.mjs URL [DIRECTORY FOR SCREENSHOTS]
// Prints what it wants done to the servers, a line each, and goes on when it is told "done". Ends
// with "all shown once", or with an error.

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [url, screenshots] = process.argv.slice(2);
const PATIENCE = 60000; // milliseconds: for a condition, never the time that something takes

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(what) {
  console.log(what);
  const { value } = await answers.next();
  if (value !== "done") throw new Error(`asked for ${what}, told ${value}`);
}

function check(fact, problem) {
  if (!fact) throw new Error(problem);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});

const problems = [];

async function visit(options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(url);
  return page;
}

async function join(page, name) {
  await page.getByLabel("Your name").fill(name);
  await page.keyboard.press("Enter");
  await page.locator('#connection[data-state="connected"]').waitFor();
}

const said = [];

// Types like a person; the box has the focus again after each message.
async function say(page, text) {
  said.push(text);
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

async function shows(page, text) {
  await page.locator("#messages .text", { hasText: new RegExp(`^${text}$`) }).waitFor();
}

async function texts(page) {
  return page.locator("#messages .text").allTextContents();
}

async function picture(page, name) {
  if (screenshots) await page.screenshot({ path: `${screenshots}/${name}.png` });
}

async function allShownOnce(...pages) {
  for (const page of pages) {
    for (const text of said) await shows(page, text);
    const shown = await texts(page);
    check(shown.length === said.length, `${shown.length} shown, ${said.length} said: ${shown}`);
    check(await page.locator("#outbox li").count() === 0, "something still waits to be sent");
  }
}

try {
  const ann = await visit({ viewport: { width: 1000, height: 700 } });
  const bo = await visit({
    viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, colorScheme: "dark",
  });
  await picture(bo, "name");
  await join(ann, "Ann Lee");
  await join(bo, "Bo");
  await ann.getByText("It is quiet in here").waitFor();

  await say(ann, "hello Bo");
  await shows(bo, "hello Bo");
  await say(bo, "hi <b>Ann</b> & co");
  await shows(ann, "hi <b>Ann</b> & co");
  check((await texts(ann)).join() === "hello Bo,hi <b>Ann</b> & co", "not in order");
  check(await bo.locator("#messages .author").first().textContent() === "Ann Lee", "no name shown");

  // Both go on talking while the servers go away and come back.
  for (const event of ["reload nginx", "restart topicsd", "kill nginx's worker"]) {
    const told = ask(event);
    for (let turn = 1; turn <= 4; turn++) {
      await say(ann, `Ann ${turn} during ${event.split(" ")[0]}`);
      await say(bo, `Bo ${turn} during ${event.split(" ")[0]}`);
    }
    await told;
    await say(ann, `Ann after ${event.split(" ")[0]}`);
    await shows(bo, `Ann after ${event.split(" ")[0]}`);
    await say(bo, `Bo after ${event.split(" ")[0]}`);
    await shows(ann, `Bo after ${event.split(" ")[0]}`);
    await allShownOnce(ann, bo);
  }

  // Scrolled away from the end: what comes is counted, and read when the end is in sight again.
  await picture(ann, "light");
  // The page may still be on its way to the message before: away is where it stays.
  for (let still = 0; still < 5; await bo.waitForTimeout(100)) {
    const stayed = await bo.locator("#scroller").evaluate((element) => {
      const away = element.scrollTop === 0;
      element.scrollTop = 0;
      return away;
    });
    still = stayed ? still + 1 : 0;
  }
  await bo.locator("#messages .text").first().hover();
  await say(ann, "one unread");
  await say(ann, "two unread");
  await bo.getByRole("button", { name: "2 new messages" }).waitFor();
  check(await bo.title() === "(2) Lobby", `title ${await bo.title()}`);
  await picture(bo, "unread");
  await bo.getByRole("button", { name: "2 new messages" }).click();
  await bo.getByRole("button", { name: /new message/ }).waitFor({ state: "hidden" });
  check(await bo.title() === "Lobby", `title ${await bo.title()}`);
  await picture(bo, "dark");

  // A page that is loaded again has what was said, its own on its own side.
  await ann.reload();
  await ann.locator('#connection[data-state="connected"]').waitFor();
  await shows(ann, "two unread");
  check(await ann.locator("#messages [data-mine] .text").last().textContent() === "two unread",
    "does not know its own messages again");

  // So has another tab, which has written none of them itself: the server tells it whose they are.
  const tab = await ann.context().newPage();
  await tab.goto(url);
  await shows(tab, "two unread");
  check(await tab.locator("#messages [data-mine] .text").last().textContent() === "two unread",
    "another tab does not know its visitor's messages");
  await tab.close();

  // The keyboard reaches everything, and what it reaches has a name.
  const names = [];
  await ann.locator("#text").focus();
  for (let step = 0; step < 8; step++) {
    await ann.keyboard.press("Tab");
    names.push(await ann.evaluate(() => {
      const { activeElement: element } = document;
      return element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent;
    }));
  }
  for (const name of ["Send", "Skip to writing", "Change your name, now Ann Lee", "Conversation"]) {
    check(names.some((reached) => reached.includes(name)), `Tab does not reach ${name}: ${names}`);
  }
  check(await ann.getByRole("log").count() === 1, "the messages are no log");
  check(await ann.getByRole("status").textContent() === "Connected", "no connection state");

  check(problems.length === 0, problems.join());
  console.log("all shown once");
} finally {
  await browser.close();
}
process.exit(0);
