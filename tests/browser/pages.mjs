// Serves the page and looks at it with Chromium, once over each WebSocket of the broker. Each step that the
// pages show is a line on stdout; who started this does the broker's part in between. Exits with 0 when
// everything was seen.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const { BROKERS, CHROMIUM, PAGE_PORT, PATIENCE } = process.env;
const brokers = JSON.parse(BROKERS); // name: url
const patience = Number(PATIENCE); // milliseconds

const files = {
  "/": ["page.html", "text/html"],
  "/dashboard": ["dashboard.html", "text/html"],
  "/page.js": ["page.js", "text/javascript"],
  "/mqtt.min.js": ["node_modules/mqtt/dist/mqtt.min.js", "text/javascript"],
};
const server = createServer((request, response) => {
  const [file, type] = files[new URL(request.url, "http://page").pathname] ?? [];
  if (file === undefined) return response.writeHead(404).end();
  response.setHeader("Content-Type", type);
  createReadStream(new URL(file, import.meta.url)).pipe(response);
});
await new Promise((listening) => server.listen(Number(PAGE_PORT), "127.0.0.1", listening));

// Whoever runs the tests may be root, where Chromium has no sandbox; the pages are our own.
const browser = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false });
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 800, height: 600 } });
context.setDefaultTimeout(patience);

const text_of = (page, id) => page.locator(`#${id}`).textContent();
const state_is = (page, wanted) => page.locator("#state", { hasText: wanted }).waitFor();
const rows_of = (page) => page.locator("#messages tr").evaluateAll(
  (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent).join(" ")));
const has_row = (page, row) => page.waitForFunction(
  (wanted) => [...document.querySelectorAll("tr")].some(
    (one) => [...one.cells].map((cell) => cell.textContent).join(" ") === wanted), row);
const open = async (url) => {
  const page = await context.newPage();
  return { page, answer: await page.goto(url) };
};
const open_as = async (host, broker, client) => {
  const words = new URLSearchParams({ broker, client });
  return (await open(`http://${host}:${PAGE_PORT}/?${words}`)).page;
};
const on_all = (work) => Promise.all(pages.map(work));
const has_news = (words) => on_all((page) => Promise.all(
  words.map(([qos, word]) => has_row(page, `news/${qos} ${qos} ${word}`))));
const names = Object.keys(brokers);
const pages = await Promise.all(names.map((name) => open_as("127.0.0.1", brokers[name], name)));

await on_all((page) => state_is(page, "subscribed at QoS 0, 1, 2"));
console.log("subscribed");
await has_news([[0, "before"], [1, "before"], [2, "before"]]);
console.log("received");
await on_all((page) => state_is(page, "disconnected"));
console.log("disconnected");
await on_all((page) => state_is(page, "back in its session"));
console.log("back");
await has_news([[1, "at the end"], [2, "at the end"], [1, "while away"], [2, "while away"], [0, "after"]]);
for (const [i, page] of pages.entries()) {
  await page.bringToFront(); // only what is in front is drawn
  await page.screenshot({ path: `${names[i]}.png` });
  const once = (await rows_of(page)).filter((row) => row.startsWith("news/2 "));
  assert.deepEqual(once, ["news/2 2 before", "news/2 2 at the end", "news/2 2 while away"], names[i]);
  assert.equal(await text_of(page, "connections"), "2", names[i]);
}

// The page of the guide has what was retained before it was opened.
const { page: dashboard } = await open(`http://127.0.0.1:${PAGE_PORT}/dashboard`);
await has_row(dashboard, "home/door open");
await dashboard.screenshot({ path: "dashboard.png" });

// A page from elsewhere is not on the list of origins, and never connected.
const stranger = await open_as("localhost", brokers.ws, "stranger");
await state_is(stranger, "disconnected");
assert.equal(await text_of(stranger, "connections"), "0");
// Who opens the port itself is told in words what it is, over TLS too.
for (const [name, scheme] of [["wss", "https:"], ["ws", "http:"]]) {
  const { page: port, answer } = await open(brokers[name].replace(`${name}:`, scheme));
  assert.equal(answer.status(), 426, name);
  assert.match(await port.locator("body").textContent(), /MQTT over WebSocket/, name);
  await port.screenshot({ path: "port.png" });
}

await browser.close();
server.close();
console.log("everything was seen");
