// Node.js: node.mjs fetch|undici MODE URL TOKEN COUNT ..., arguments from there as in bench/loop.c:
// publish BYTES, publish-many BYTES FLIGHT, idle. undici keeps a pool of connections.

import { readFileSync } from "node:fs";

const [library, mode, url, token, countText, bytes, flight] = process.argv.slice(2);
const count = Number(countText);
const headers = { authorization: token, "content-type": "text/plain" };

async function requester(connections) {
  if (library === "fetch") {
    return async (method, target, body) => {
      const answer = await fetch(target, { method, headers, body });
      await answer.arrayBuffer();
      return answer.status;
    };
  }
  const { Pool } = await import("undici");
  const pool = new Pool(new URL(url).origin, { connections, pipelining: 1 });
  return async (method, target, body) => {
    const { pathname, search } = new URL(target);
    const answer = await pool.request({ method, path: pathname + search, headers, body });
    await answer.body.dump();
    return answer.statusCode;
  };
}

async function publishAll(tasks) {
  const request = await requester(tasks);
  const body = "x".repeat(Number(bytes));
  let left = count;
  const task = async () => {
    while (left > 0) {
      left--;
      const status = await request("POST", url, body);
      if (status !== 204) throw new Error(`status ${status}`);
    }
  };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: tasks }, task));
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  console.log(`${mode} count=${count} rate=${(count / seconds).toFixed(0)} ` +
    `cpu_us=${((used.user + used.system) / count).toFixed(2)}`);
}

function resident() {
  if (global.gc) global.gc();
  return Number(/VmRSS:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
}

async function idle() {
  const request = await requester(count);
  const before = resident();
  for (let i = 0; i < count; i++) request("GET", `${url}-idle`).catch(() => {});
  await new Promise((done) => setTimeout(done, 1500));
  console.log(`idle count=${count} bytes=${((resident() - before) / count).toFixed(0)}`);
}

if (mode === "idle") await idle();
else await publishAll(Number(flight) || 1);
process.exit(0);
