// Keys: those of a page, and those that all pages have. None while somebody writes.

/** Listen for keys. `own` has a function for each key of the page. */
export function keys(own) {
  const help = document.getElementById("keys");
  document.getElementById("keys-button").addEventListener("click", () => help.showModal());
  const every = {
    "?": () => help.showModal(),
    u: () => location.assign(document.body.dataset.up || "/"),
    "/": () => {
      const search = document.getElementById("search");
      if (search) search.focus();
      else location.assign("/#search");
    },
    ...own,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    const field = event.target.closest?.("input, textarea, select");
    if (field) {
      if (event.key === "Escape") field.blur();
      return;
    }
    const act = every[event.key];
    if (!act) return;
    // Space and Enter on what can be pressed are its own.
    if ([" ", "Enter"].includes(event.key) && event.target.closest?.("a, button, summary")) return;
    event.preventDefault();
    act(event);
  });
}
