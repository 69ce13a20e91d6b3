// The board lives: figures come by server-sent events, age by the page's own clock, and a level that changes is said.
// Without this script the page is whole and says as of when it is.
"use strict";

const PATIENCE_MS = 30_000;
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

if (board?.querySelector(".pause")) control();
if (board?.dataset.stream) {
  tune();
  age();
  setInterval(age, 1000);
  document.addEventListener("visibilitychange", age);
  live(true);
}
