// The HTTP server of Node.js as a second opinion on where a request ends: answers 204 to everything,
// and prints a line for each request it made out: its path, a space, its body in base64.

const http = require("http");

const server = http.createServer((request, answer) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("error", () => {});
  request.on("end", () => {
    const path = request.url.replace(/^https?:\/\/[^/]*/i, "").replace(/\?.*/, "");
    console.log(`${path} ${Buffer.concat(parts).toString("base64")}`);
    answer.writeHead(204);
    answer.end();
  });
});

server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
