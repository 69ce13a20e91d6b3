// Keys of the counter and the size of a scan, told before it travels. Everything works without this file.
"use strict";
(() => {
  const form = document.querySelector("form[data-counter]");
  if (!form) return;
  const blocks = [...form.querySelectorAll("[data-block]")];
  const first = (block) => block.querySelector("input:not([type=hidden]), select, textarea, button");

  // F2 next block, F8 the card, F9 the main button: function keys, so that no typing mode touches them.
  const keys = {
    F2: () => {
      const at = blocks.findIndex((block) => block.contains(document.activeElement));
      first(blocks[(at + 1) % blocks.length])?.focus();
    },
    F8: () => form.querySelector("[data-scan]").focus(),
    F9: () => form.querySelector("[data-main]").click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !keys[event.code]) return;
    event.preventDefault();
    keys[event.code]();
  });

  // A file that is too large is named at once and not sent.
  for (const input of form.querySelectorAll("input[type=file][data-most]")) {
    input.addEventListener("change", () => {
      input.parentElement.querySelector(".too-large")?.remove();
      if (!input.files[0] || input.files[0].size <= Number(input.dataset.most)) return;
      const said = document.createElement("p");
      said.className = "govuk-error-message too-large";
      said.setAttribute("role", "alert");
      said.textContent = input.dataset.tooLarge;
      input.after(said);
      input.value = "";
    });
  }
})();
