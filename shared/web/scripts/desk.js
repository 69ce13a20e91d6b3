// Small comforts of the console's pages. Everything works without this file.
"use strict";
(() => {
  const body = document.body;
  document.querySelector("[data-focus]")?.focus();

  // A session that ends soon says so; staying is one request of one's own.
  const idle = Number(body.dataset.idle || 0), warn = Number(body.dataset.warn || 0);
  const box = document.getElementById("idle");
  if (idle && box) {
    let since = Date.now();
    const show = () => { box.hidden = Date.now() - since < (idle - warn) * 1000; };
    setInterval(show, 5000);
    document.getElementById("stay").addEventListener("click", async () => {
      const answer = await fetch("/desk/stay", { redirect: "error" }).catch(() => null);
      if (answer && answer.ok) { since = Date.now(); show(); document.getElementById("main").focus(); }
    });
  }

  // A form is sent once; its button says that it is on its way.
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      setTimeout(() => delete form.dataset.sent, 10000);
    });
  }

  // Ticked rows are counted where their buttons are.
  const count = document.querySelector("[data-ticked]");
  if (count) {
    const tell = () => { count.textContent = document.querySelectorAll("input[name=code]:checked").length; };
    document.addEventListener("change", tell);
    tell();
  }

  // What others changed is counted, never shown by itself: rows, focus and ticks stay where they are.
  const bar = document.getElementById("changes");
  if (bar && window.EventSource) {
    const stream = new EventSource(bar.dataset.stream);
    let changes = 0;
    stream.addEventListener("changed", () => {
      changes += 1;
      bar.querySelector("[data-count]").textContent = changes;
      bar.hidden = false;
    });
    window.addEventListener("pagehide", () => stream.close());
  }

  // A list grows old by itself: a hidden tab's stream is silent.
  const stamp = document.querySelector(".stamp[data-at]");
  if (stamp) {
    setInterval(() => {
      const age = Date.now() - Date.parse(stamp.dataset.at);
      const late = age > Number(stamp.dataset.promise) * 1000;
      stamp.classList.toggle("stale", late);
      stamp.querySelector("[data-late]").textContent = late ? stamp.dataset.words.replace("{n}", Math.floor(age / 60000) || 1) : "";
    }, 5000);
  }

  // Keys: outside fields only, by the physical key, never two in a row (Telex and VNI type those).
  const inField = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const rows = [...document.querySelectorAll(".worklist tbody tr")];
  let at = -1;
  const move = (step) => {
    if (!rows.length) return;
    rows[at]?.classList.remove("here");
    at = Math.max(0, Math.min(rows.length - 1, at + step));
    rows[at].classList.add("here");
    rows[at].querySelector("a")?.focus();
  };
  const acts = {
    Slash: (event) => event.shiftKey ? location.assign("/desk/keys") : document.getElementById("f-q")?.focus(),
    KeyJ: () => move(1),
    KeyK: () => move(-1),
    KeyX: () => rows[at]?.querySelector("input[name=code]")?.click(),
    KeyC: () => { if (at >= 0) { const tick = rows[at].querySelector("input[name=code]"); if (tick && !tick.checked) tick.click(); document.querySelector("button[value=claim]")?.focus(); } },
    KeyN: () => document.querySelector(".next input:not([type=hidden]), .next select, .next textarea, .next button")?.focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.code === "Enter") {
      const main = document.querySelector("[data-main]");
      if (main) { event.preventDefault(); main.click(); }
      return;
    }
    if (body.dataset.keys !== "on" || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (inField(event.target) || !acts[event.code]) return;
    event.preventDefault();
    acts[event.code](event);
  });
})();
