// What the pages gain with JavaScript: sign-in by link, live regions, fresh times, keys, copy buttons.
// Nothing here is needed for reading. All text goes in as text, never as markup of our own making.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- signing in by a link: /#token=... ---------------------------------------------------------------------------
async function signInByLink() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  const door = $("#door");
  if (!token) {
    // a page opened from elsewhere comes without the strict cookie; a request of our own carries it
    if ("door" in document.body.dataset) {
      const reply = await fetch("/api/v1/session");
      if (reply.ok && (await reply.json()).signed_in) location.replace(target());
    }
    return;
  }
  history.replaceState(null, "", location.pathname + location.search);
  if (door) door.textContent = "Signing in …";
  const reply = await fetch("/api/v1/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  if (reply.ok) location.replace(target());
  else if (door) door.textContent = "✕ " + (await reply.json()).detail;
}

function target() {
  const field = $("input[name=target]");
  return field && field.value.startsWith("/") ? field.value : location.pathname + location.search;
}

// --- times -------------------------------------------------------------------------------------------------------
function ago(when) {
  const seconds = (Date.now() - when) / 1000, size = Math.abs(seconds);
  if (size < 5) return "now";
  const [, unit, name] = [[60, 1, "s"], [3600, 60, "min"], [172800, 3600, "h"], [Infinity, 86400, "days"]]
    .find(([limit]) => size < limit);
  const text = `${Math.floor(size / unit)} ${name}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function freshen() {
  for (const time of $$("time[data-ago]")) {
    const text = ago(Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

// --- copying -----------------------------------------------------------------------------------------------------
function offerCopying(root = document) {
  if (!navigator.clipboard) return;
  for (const block of $$("[data-copy]", root)) {
    if ($("button.copy", block)) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const text = ($("code", block) || block).textContent.replace(/Copy(?:ied)?$/, "");
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    block.append(button);
  }
}

// --- live regions ------------------------------------------------------------------------------------------------
const pending = new Set();
let refreshing = false, timer = 0;

function wantRefresh(kind) {
  const cares = $$("[data-live]").some((one) => kind === "*" || one.dataset.live.split(" ").includes(kind));
  if (!cares) return;
  pending.add(kind);
  if (!timer) timer = setTimeout(refresh, 200);
}

async function refresh() {
  timer = 0;
  if (refreshing) { timer = setTimeout(refresh, 300); return; }
  refreshing = true;
  const kinds = new Set(pending);
  pending.clear();
  try {
    const reply = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
    if (reply.redirected && new URL(reply.url).pathname === "/login") { location.reload(); return; }
    if (!reply.ok) throw new Error(reply.statusText);
    replaceRegions(new DOMParser().parseFromString(await reply.text(), "text/html"), kinds);
  } catch {
    for (const kind of kinds) pending.add(kind);
    timer = setTimeout(refresh, 3000);
  } finally {
    refreshing = false;
  }
}

function replaceRegions(fresh, kinds) {
  if (document.title !== fresh.title) document.title = fresh.title;
  for (const old of $$("[data-live][id]")) {
    const cares = kinds.has("*") || old.dataset.live.split(" ").some((kind) => kinds.has(kind));
    const now = fresh.getElementById(old.id);
    if (!cares || !now || bare(old) === bare(now) || beingTypedIn(old)) continue;
    const open = new Set($$("details[open]", old).map((one) => $("summary", one).textContent));
    const at = focusPath(old);
    const adopted = document.importNode(now, true);
    for (const one of $$("details", adopted)) if (open.has($("summary", one).textContent)) one.open = true;
    old.replaceWith(adopted);
    offerCopying(adopted);
    const same = at && $(at, adopted);
    if (same) {
      if (same.matches("[data-row]")) same.tabIndex = -1;
      same.focus({ preventScroll: true });
    }
  }
  freshen();
}

// what differs besides relative times, our own buttons and what is selected
function bare(region) {
  const copy = region.cloneNode(true);
  for (const one of $$("button.copy", copy)) one.remove();
  for (const one of $$("time[data-ago]", copy)) one.textContent = "";
  for (const one of $$("details", copy)) one.removeAttribute("open");
  for (const one of $$("[data-row]", copy)) { one.classList.remove("here"); one.removeAttribute("tabindex"); }
  return copy.innerHTML;
}

// a half-written comment is worth more than a fresh region
function beingTypedIn(region) {
  return $$("input:not([type=hidden])", region).some((one) => one.value !== one.defaultValue);
}

function focusPath(region) {
  const one = document.activeElement;
  if (!one || !region.contains(one)) return "";
  if (one.id) return "#" + CSS.escape(one.id);
  // a row that keys moved to is known by its first link
  const row = one.matches("[data-row]"), link = row ? $("a[href]", one) : one;
  const href = link && link.getAttribute("href");
  if (!href) return "";
  const path = `a[href="${CSS.escape(href)}"]`;
  return row ? `[data-row]:has(${path})` : path;
}

// --- the connection ----------------------------------------------------------------------------------------------
let tries = 0, silence = 0, socket = null;

addEventListener("offline", () => { if (socket) { show("off", "○ offline"); socket.close(); } });

function show(state, words) {
  const sign = $("#live");
  if (!sign) return;
  sign.hidden = false;
  sign.className = "live " + state;
  sign.textContent = words;
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const site = encodeURIComponent(document.body.dataset.site);
  socket = new WebSocket(`${scheme}//${location.host}/api/v1/live?site=${site}`, "groundcrew.live.v1");
  const own = socket;
  let patience = 60;
  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(() => own.close(), patience * 1000);
  };
  socket.addEventListener("message", ({ data }) => {
    listen();
    const message = JSON.parse(data);
    if (message.kind === "hello") {
      patience = 3 * message.heartbeat_s + 5;
      show("on", "● live");
      wantRefresh("*"); // what changed between the page being made and this moment
      tries = 0;
    } else if (message.kind === "refresh") wantRefresh("*");
    else if (message.kind !== "heartbeat") {
      wantRefresh(message.kind);
      tell(message);
    }
  });
  socket.addEventListener("close", ({ code }) => {
    clearTimeout(silence);
    if (code === 4401) { location.reload(); return; }
    tries += 1;
    show("off", navigator.onLine ? "○ reconnecting" : "○ offline");
    setTimeout(connect, Math.min(30_000, 500 * 2 ** Math.min(tries, 6)) * (0.75 + Math.random() / 2));
  });
}

function tell(message) {
  const told = $("#told"), data = message.data;
  if (!told || !data) return;
  if (message.type === "incident.opened") told.textContent = `New incident: ${data.incident.title}`;
  else if (message.kind === "action" && data.action.state === "queued") told.textContent = "An action waits for approval";
}

// --- keys --------------------------------------------------------------------------------------------------------
const PLACES = { o: "/", i: "/incidents", a: "/approvals", c: "/chat", h: "/hosts", r: "/reports", b: "/bmcs", l: "/audit" };
let going = false;

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (going) {
    going = false;
    const place = PLACES[event.key];
    const entry = place && $$("#nav a").find((one) => new URL(one.href).pathname === place);
    if (entry) { event.preventDefault(); location.assign(entry.href); }
    return;
  }
  if (event.key === "/") { const box = $("#q"); if (box) { event.preventDefault(); box.focus(); box.select(); } }
  else if (event.key === "g") { going = true; setTimeout(() => { going = false; }, 1200); }
  else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "Enter" && event.target.matches("[data-row]")) {
    const link = $("a[href]", event.target);
    if (link) link.click();
  }
}

function move(step) {
  const rows = $$("[data-row]");
  if (!rows.length) return;
  const at = rows.findIndex((one) => one === document.activeElement || one.contains(document.activeElement));
  const row = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step))];
  row.tabIndex = -1;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

// --- start -------------------------------------------------------------------------------------------------------
document.addEventListener("keydown", onKey);
freshen();
setInterval(freshen, 15_000);
offerCopying();
signInByLink();
if (document.body.dataset.site) connect();
