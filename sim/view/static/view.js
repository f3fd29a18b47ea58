// The viewer's pages work without this; with it they have keys, a timeline, and follow a run.
// Whatever is put into a page was made and escaped by the server, or is set as plain text.

import { follow } from "./follow.js";
import { keys } from "./keys.js";
import { list } from "./list.js";
import { trial } from "./trial.js";

const page = document.body.dataset.page;

if (page === "trials") list();
if (page === "trial") trial();
if (page === "prompt") {
  const only = document.getElementById("only-new");
  only.addEventListener("change", () => {
    document.getElementById("prompt").classList.toggle("only-new", only.checked);
  });
  keys({ n: () => only.click(), j: () => step(".message", 1), k: () => step(".message", -1) });
}
if (page === "compare") {
  const first = Number(document.body.dataset.first);
  const to = (at) => document.getElementById(`d-${at}`)?.scrollIntoView({ block: "center" });
  if (first && !location.hash) to(first);
  keys({ "]": () => to(first), "[": () => to(first), j: () => step(".pair", 1), k: () => step(".pair", -1) });
}
if (["tree", "alternatives", "notes", "rows", "job"].includes(page)) {
  keys({ j: () => step("main a", 1), k: () => step("main a", -1) });
}
if (["fork", "told", "judging"].includes(page)) keys({});
follow(page);
document.body.dataset.ready = "1"; // Keys are heard from now on.

/** Move the focus among the elements that a selector finds. */
function step(selector, by) {
  const all = [...document.querySelectorAll(selector)].filter((each) => each.offsetParent !== null);
  const now = all.findIndex((each) => each === document.activeElement || each.contains(document.activeElement));
  const next = all[Math.max(0, Math.min(all.length - 1, now < 0 && by < 0 ? 0 : now + by))];
  const target = next?.matches("a, [tabindex]") ? next : next?.querySelector("a, [tabindex]");
  target?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
