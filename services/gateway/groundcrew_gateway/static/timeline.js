// The timeline of an incident, closer and wider: by keys, wheel and drag. What is shown is in the address and drawn by
// the server, as it is without this script; here an address is only chosen, and the region fetched anew.
"use strict";

const LEAST_MS = 2000, CLOSER = 0.5, STEP = 0.25, DRAGGED_PX = 6;
const lanes = () => $("#lanes");

// --- the part that is shown, in milliseconds ---------------------------------------------------------------------
let wanted = null; // asked for and not drawn yet

function part() {
  const { since, until, wholeSince, wholeUntil } = lanes().dataset;
  const whole = { since: Date.parse(wholeSince), until: Date.parse(wholeUntil) };
  return { whole, shown: wanted || { since: Date.parse(since), until: Date.parse(until) } };
}

function showPart(since, until) {
  const { whole, shown } = part();
  const span = Math.min(Math.max(until - since, LEAST_MS), whole.until - whole.since);
  const middle = (since + until) / 2;
  const start = Math.max(whole.since, Math.min(middle - span / 2, whole.until - span));
  const all = span >= whole.until - whole.since;
  if (Math.abs(start - shown.since) < 1 && Math.abs(start + span - shown.until) < 1) return;
  wanted = { since: start, until: start + span };
  const address = new URL(location);
  address.searchParams.delete("said");
  for (const name of ["since", "until"]) {
    if (all) address.searchParams.delete(name);
    else address.searchParams.set(name, new Date(wanted[name]).toISOString());
  }
  address.hash = "";
  history.replaceState(null, "", address);
  wantRefresh("zoom");
}

// the middlemost of what is shown: nobody comes closer to nothing
function pivot() {
  return wanted ? 0.5 : Number(lanes().dataset.pivot);
}

// `at`: what stays where it is, from 0 at the left to 1 at the right
function scale(factor, at = factor < 1 ? pivot() : 0.5) {
  const { shown } = part(), span = shown.until - shown.since, still = shown.since + at * span;
  showPart(still - at * span * factor, still + (1 - at) * span * factor);
}

function along(share) {
  const { shown } = part(), step = share * (shown.until - shown.since);
  showPart(shown.since + step, shown.until + step);
}

function all() {
  const { whole } = part();
  showPart(whole.since, whole.until);
}

// --- keys and buttons --------------------------------------------------------------------------------------------
const WAYS = {
  "zoom-closer": () => scale(CLOSER), "zoom-wider": () => scale(1 / CLOSER),
  "zoom-earlier": () => along(-0.5), "zoom-later": () => along(0.5), "zoom-all": all,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const inside = lanes().contains(event.target);
  const mark = event.target.closest(".lanes a");
  const box = mark && mark.getBoundingClientRect(), at = mark ? share(box.x + box.width / 2) : undefined;
  if (event.key === "+" || event.key === "=") scale(CLOSER, at);
  else if (event.key === "-") scale(1 / CLOSER, at);
  else if (event.key === "0") all();
  else if (inside && event.key === "ArrowLeft") along(-STEP);
  else if (inside && event.key === "ArrowRight") along(STEP);
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (dragged) { event.preventDefault(); event.stopPropagation(); dragged = false; return; }
  const way = event.target.closest(".zoom a");
  if (!way || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (way.hasAttribute("href")) WAYS[way.id]();
}, true);

// --- wheel and drag ----------------------------------------------------------------------------------------------
function drawn() { return $(".lanes .axis").getBoundingClientRect(); }

function share(x) {
  const box = drawn();
  return Math.max(0, Math.min(1, (x - box.left) / box.width));
}

document.addEventListener("wheel", (event) => {
  if (!event.target.closest(".lanes")) return;
  if (event.ctrlKey || event.metaKey) scale(event.deltaY > 0 ? 1.25 : 0.8, share(event.clientX));
  else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
    along((event.deltaX || event.deltaY) / drawn().width / 2);
  } else return; // an ordinary turn scrolls the page
  event.preventDefault();
}, { passive: false });

let from = null, dragged = false, stretch = null;

document.addEventListener("pointerdown", (event) => {
  dragged = false;
  const { left, right } = event.target.closest(".lanes") ? drawn() : { left: 1, right: 0 };
  from = event.button === 0 && event.clientX >= left - 3 && event.clientX <= right + 3 ? event.clientX : null;
});

document.addEventListener("pointermove", (event) => {
  if (from === null || (!stretch && Math.abs(event.clientX - from) < DRAGGED_PX)) return;
  const ground = $(".lanes");
  if (!stretch || !ground.contains(stretch)) { // the region may have been drawn anew meanwhile
    stretch = document.createElement("div");
    stretch.className = "stretch";
    ground.append(stretch);
  }
  const box = drawn(), left = ground.getBoundingClientRect().left + ground.clientLeft;
  const ends = [share(from), share(event.clientX)].sort((a, b) => a - b);
  stretch.style.left = `${box.left - left + ends[0] * box.width}px`;
  stretch.style.width = `${(ends[1] - ends[0]) * box.width}px`;
});

function letGo(event, chosen) {
  const began = from, was = stretch;
  from = stretch = null;
  if (!was) return;
  was.remove();
  if (!chosen) return;
  dragged = true;
  setTimeout(() => { dragged = false; }, 50); // where no click follows
  const { shown } = part(), span = shown.until - shown.since;
  const ends = [share(began), share(event.clientX)].sort((a, b) => a - b);
  showPart(shown.since + ends[0] * span, shown.since + ends[1] * span);
}

document.addEventListener("pointerup", (event) => letGo(event, true));
document.addEventListener("pointercancel", (event) => letGo(event, false));
document.addEventListener("keydown", (event) => { if (event.key === "Escape") letGo(event, false); });
document.addEventListener("dragstart", (event) => { if (event.target.closest(".lanes")) event.preventDefault(); });

// --- what was drawn anew -----------------------------------------------------------------------------------------
const ready = () => lanes().classList.add("ready");

// a region is replaced whole; what script adds to it is added again
new MutationObserver((changes) => {
  if (!changes.some((one) => [...one.addedNodes].some((node) => node.id === "lanes"))) return;
  ready();
  if (!wanted) return;
  wanted = null;
  const told = $("#told");
  if (told) told.textContent = `Timeline: ${$("#zoom-says").textContent}`;
}).observe($("#main"), { childList: true });

ready();
