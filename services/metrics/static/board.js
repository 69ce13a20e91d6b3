// The board lives: figures come by server-sent events, age by the page's own clock, and a level that changes is said.
// Without this script the page is whole and says as of when it is.
"use strict";

const PATIENCE_MS = 30_000;
const AGAIN_MS = 4_000;
const LONGEST_MS = 600_000;
let board = document.getElementById("board");
let skew = 0; // this machine's clock minus the server's
let source = null;
let saidAt = 0;
let paused = false;

function age() {
  const stamp = board.querySelector(".stamp");
  if (!stamp) return;
  const asOf = Date.parse(stamp.dataset.asOf);
  const seconds = Math.floor((Date.now() - skew - asOf) / 1000);
  if (Number.isNaN(asOf)) return;
  const late = seconds > Number(stamp.dataset.promise);
  board.classList.toggle("stale", late);
  const minutes = Math.floor(seconds / 60);
  const words = minutes ? stamp.dataset.minutes.replace("{minutes}", minutes) : stamp.dataset.seconds.replace("{seconds}", seconds);
  stamp.querySelector(".late").textContent = late ? ` · ${words}` : "";
}

function tune() {
  const stamp = board.querySelector(".stamp");
  if (stamp) skew = Date.now() - Date.parse(stamp.dataset.now);
}

// Replaces what changed and nothing else, so that focus, scroll and open lists stay; a new row brings the whole board.
function take(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("board");
  const [old, now] = [board, fresh].map((each) => [...each.querySelectorAll("[data-live]")]);
  const same = old.length === now.length && old.every((each, number) => each.dataset.live === now[number].dataset.live);
  const focused = document.activeElement?.closest?.("#board a")?.getAttribute("href");
  const before = levels(board);
  if (same) {
    old.forEach((each, number) => {
      if (each.innerHTML !== now[number].innerHTML) each.replaceChildren(...now[number].childNodes);
      each.className = now[number].className;
    });
    restamp(fresh.querySelector(".stamp").outerHTML);
  } else {
    board.replaceWith(fresh);
    board = fresh;
    control();
    tune();
    age();
    load();
  }
  if (focused && !board.contains(document.activeElement)) board.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  say(before, levels(board));
}

function restamp(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(".stamp");
  board.querySelector(".stamp").replaceWith(fresh);
  tune();
  age();
}

function levels(of) {
  const words = [...of.querySelectorAll(".tile[data-live]")].map((tile) => [(tile.querySelector("h3") ?? document.querySelector("h1")).textContent.trim(), tile.querySelector(".word")?.textContent.trim()]);
  return new Map(words);
}

function say(before, now) {
  const voice = document.getElementById("voice");
  const news = [...now].filter(([title, word]) => before.has(title) && before.get(title) !== word).map(([title, word]) => `${title}: ${word}`);
  if (!voice || !news.length || Date.now() - saidAt < PATIENCE_MS) return;
  saidAt = Date.now();
  voice.textContent = news.join(". ");
}

function live(on) {
  source?.close();
  source = null;
  if (!on) return;
  source = new EventSource(board.dataset.stream);
  source.addEventListener("board", (event) => take(event.data));
  source.addEventListener("stamp", (event) => restamp(event.data));
}

// These buttons are only there with the script: without it nothing moves.
function control() {
  const pause = board.querySelector(".pause");
  const print = board.querySelector(".print");
  const label = () => { pause.textContent = paused ? pause.dataset.resume : pause.dataset.pause; };
  print.hidden = false;
  print.addEventListener("click", () => window.print());
  if (!board.dataset.stream) return; // the past stands still
  pause.hidden = false;
  label();
  pause.addEventListener("click", () => {
    paused = !paused;
    live(!paused);
    label();
  });
}

// [ and ] go to the former and the next period; only outside of fields.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
  const way = { BracketLeft: "prev", BracketRight: "next" }[event.code];
  if (way) document.querySelector(`a[rel="${way}"]`)?.click();
});

// What is read from the log of events comes after the page; while it is being read, it is asked for again.
async function load(waited = 0) {
  const place = document.querySelector("[data-load]");
  if (!place || waited > LONGEST_MS) return;
  const answer = await fetch(place.dataset.load, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return;
  const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(place.id);
  if (!place.isConnected) return load(waited);
  place.replaceWith(found);
  if ("again" in found.dataset) setTimeout(() => load(waited + AGAIN_MS), AGAIN_MS);
}

if (board?.querySelector(".pause")) control();
load();
if (board?.dataset.stream) {
  tune();
  age();
  setInterval(age, 1000);
  document.addEventListener("visibilitychange", age);
  live(true);
}
