// The first page: what comes in and what became of it, live. Uses the public API alone. Everything
// that came from outside is shown as text, never as markup.
"use strict";

const at = (id) => document.getElementById(id);
const REFRESH_MS = 500;
let key = "";
let chosen = "";
let waiting = false;

// The link that the server prints carries the key behind `#`, which no server sees.
if (location.hash.startsWith("#hm_")) {
  sessionStorage.setItem("key", location.hash.slice(1));
  history.replaceState(null, "", "/");
}

async function api(path) {
  const answer = await fetch(path, { headers: { authorization: `Bearer ${key}` } });
  if (answer.status === 401) throw new Error("this key is not valid here, or has expired");
  if (!answer.ok) throw new Error((await answer.json()).detail ?? `status ${answer.status}`);
  return answer.json();
}

function element(name, text, ...classes) {
  const made = document.createElement(name);
  made.textContent = text;
  made.classList.add(...classes);
  return made;
}

function number(value) {
  return value.toLocaleString("en");
}

function showNumbers(stats) {
  const shown = [
    ["received", number(stats.received)],
    ["refused", number(stats.rejected)],
    ["delivered", number(stats.delivered)],
    ["failed", number(stats.failed)],
    ["waiting", number(stats.waiting)],
    ["end to end, p99 of the last minute", `${number(stats.latency.p99_us / 1000)} ms`],
  ];
  at("numbers").replaceChildren(...shown.map(([name, value]) => {
    const group = document.createElement("div");
    group.append(element("dt", name), element("dd", value));
    return group;
  }));
}

function drawn(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

// Calls of plugins in the last hour, a bar for each minute; those that ended in a fault are its red foot.
function showPlugins(points) {
  const now = Math.floor(Date.now() / 60000);
  const most = Math.max(1, ...points.map((point) => point.calls));
  at("bars").replaceChildren(...points.map((point) => {
    const minute = drawn("g", {});
    const height = (calls) => calls && Math.max(2, 40 * calls / most);
    const x = 4 * (59 - now + Math.floor(Date.parse(point.at) / 60000));
    const [calls, faults] = [height(point.calls), height(point.faults)];
    minute.append(
      drawn("title", {}, `${new Date(point.at).toLocaleTimeString()}: ${number(point.calls)} calls, ${number(point.faults)} faults, ${number(point.cpu_us / 1000)} ms of CPU`),
      drawn("rect", { x, y: 40 - calls, width: 3, height: calls }),
      drawn("rect", { x, y: 40 - faults, width: 3, height: faults, class: "bad" }),
    );
    return minute;
  }));
  const sum = (field) => points.reduce((all, point) => all + point[field], 0);
  at("calls").textContent = `${number(sum("calls"))} calls, ${number(sum("faults"))} faults, ${number(Math.round(sum("cpu_us") / 1000))} ms of CPU in the last hour`;
  at("plugins").hidden = points.length === 0;
}

function row(event) {
  const made = document.createElement("tr");
  const open = element("button", event.id);
  open.type = "button";
  open.addEventListener("click", () => { chosen = event.id; showTrace().catch(failed); });
  const last = document.createElement("td");
  last.append(open);
  const cells = [new Date(event.received_at).toLocaleString(), event.type || "–", number(event.bytes), event.verified_by || "nothing"];
  made.append(...cells.map((text) => element("td", text)), last);
  return made;
}

function line(entry) {
  const made = document.createElement("li");
  const bad = entry.verdict === "error" || ["failed", "failed_by_gateway"].includes(entry.state) || entry.code;
  const good = entry.state === "delivered" || entry.verdict === "forward";
  made.append(element("b", entry.stage, ...(bad ? ["bad"] : good ? ["good"] : [])));
  const facts = [
    entry.plugin, entry.verdict, entry.reason, entry.status && `status ${entry.status}`, entry.code, entry.state,
    entry.attempt && `attempt ${entry.attempt}`, entry.duration_us !== undefined && `${number(entry.duration_us)} µs`,
    entry.next_attempt_at && `next at ${new Date(entry.next_attempt_at).toLocaleString()}`,
    ...(entry.logs ?? []).map((log) => `${log.level}: ${log.message}`),
  ];
  made.append(facts.filter(Boolean).join(" · "));
  return made;
}

async function showTrace() {
  const trace = await api(`/v1/events/${chosen}/trace`);
  at("which").textContent = chosen;
  at("story").replaceChildren(...trace.entries.map(line));
  at("trace").hidden = false;
}

async function refresh() {
  const [stats, events] = await Promise.all([api("/v1/stats"), api("/v1/events?limit=20")]);
  showNumbers(stats);
  showPlugins(stats.plugins);
  at("rows").replaceChildren(...events.items.map(row));
  at("empty").hidden = events.items.length > 0;
  if (chosen) await showTrace();
}

function soon() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => { waiting = false; refresh().catch(failed); }, REFRESH_MS);
}

// EventSource cannot send a key, so the stream is read by hand: any line is a reason to look again.
async function watch() {
  for (;;) {
    try {
      const answer = await fetch("/v1/stream", { headers: { authorization: `Bearer ${key}` } });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      at("state").textContent = "live";
      soon();
      const reader = answer.body.getReader();
      while (!(await reader.read()).done) soon();
    } catch {
      // Told below; tried again.
    }
    at("state").textContent = "disconnected; trying again";
    await new Promise((done) => setTimeout(done, 2000));
  }
}

function failed(error) {
  at("fault").textContent = error.message;
  at("state").textContent = error.message;
}

function show(loggedIn) {
  for (const id of ["overview", "events", "leave"]) at(id).hidden = !loggedIn;
  at("login").hidden = loggedIn;
}

async function enter() {
  key = sessionStorage.getItem("key") ?? "";
  if (!key) {
    at("state").textContent = "not logged in";
    return show(false);
  }
  try {
    await refresh();
    show(true);
    watch();
  } catch (error) {
    sessionStorage.removeItem("key");
    show(false);
    failed(error);
  }
}

at("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", at("key").value.trim());
  enter();
});
at("leave").addEventListener("click", () => { sessionStorage.removeItem("key"); location.reload(); });
enter();
