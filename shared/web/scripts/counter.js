// Keys of the counter, and scans: their size is told before they travel. Everything works without this file.
"use strict";
(() => {
  // F2 next block, F8 the card, F9 the main button: function keys, so that no typing mode touches them.
  const form = document.querySelector("form[data-counter]");
  if (form) {
    const blocks = [...form.querySelectorAll("[data-block]")];
    const keys = {
      F2: () => {
        const at = blocks.findIndex((block) => block.contains(document.activeElement));
        blocks[(at + 1) % blocks.length].querySelector("input:not([type=hidden]), select, textarea, button")?.focus();
      },
      F8: () => form.querySelector("[data-scan]").focus(),
      F9: () => form.querySelector("[data-main]").click(),
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !keys[event.code]) return;
      event.preventDefault();
      keys[event.code]();
    });
  }

  // The browser's own file button speaks the browser's language: ours speaks the page's. A file that is too large is
  // named at once and not sent.
  for (const input of document.querySelectorAll("input[type=file][data-most]")) {
    const box = document.createElement("div"), button = document.createElement("label"), name = document.createElement("span");
    box.className = "picker";
    button.className = "govuk-button govuk-button--secondary";
    button.htmlFor = input.id;
    button.textContent = input.dataset.pick;
    name.textContent = input.dataset.none;
    const focused = document.activeElement === input;
    input.before(box);
    box.append(input, button, name);
    input.classList.add("govuk-visually-hidden");
    if (focused) input.focus();
    input.addEventListener("change", () => {
      box.parentElement.querySelector(".too-large")?.remove();
      const isTooLarge = input.files[0] && input.files[0].size > Number(input.dataset.most);
      if (isTooLarge) {
        const said = document.createElement("p");
        said.className = "govuk-error-message too-large";
        said.setAttribute("role", "alert");
        said.textContent = input.dataset.tooLarge;
        box.after(said);
        input.value = "";
      }
      name.textContent = input.files[0]?.name || input.dataset.none;
    });
  }
})();
