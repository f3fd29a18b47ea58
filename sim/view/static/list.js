// The list of trials: rows are fetched where somebody scrolls, so that ten thousand are as few.

import { keys } from "./keys.js";

const CHOSEN = "elsinore-chosen";

export function list() {
  const frame = document.getElementById("window");
  const rows = document.getElementById("rows");
  const total = Number(frame.dataset.total);
  const source = frame.dataset.source;
  const loaded = rows.children.length;
  let first = 0; // The place of the first row that is there.
  let asked = 0;
  let wanted = null; // A row that is to have the focus as soon as it is there.
  const height = () => rows.firstElementChild?.getBoundingClientRect().height || 37;

  const place = () => {
    if (total <= loaded) return;
    const tall = height();
    frame.style.height = `${total * tall}px`;
    rows.style.transform = `translateY(${first * tall}px)`;
  };

  const show = async (since) => {
    const mine = ++asked;
    const answer = await fetch(`${source}${source.includes("?") ? "&" : "?"}since=${since}`);
    if (!answer.ok || mine !== asked) return;
    const made = document.createElement("template");
    made.innerHTML = await answer.text();
    const focused = document.activeElement?.closest?.(".row")?.id ?? null;
    rows.replaceChildren(made.content);
    first = since;
    place();
    paint();
    const again = wanted ?? focused;
    if (again) document.getElementById(again)?.querySelector("a").focus({ preventScroll: true });
    wanted = null;
  };

  const scrolled = () => {
    if (total <= loaded) return;
    const tall = height();
    const top = Math.max(0, -frame.getBoundingClientRect().top) / tall;
    const seen = window.innerHeight / tall;
    const last = first + rows.children.length;
    if (top >= first && (top + seen <= last || last >= total)) return;
    const since = Math.max(0, Math.min(total - loaded, Math.floor(top - (loaded - seen) / 2)));
    show(since);
  };
  let due = false;
  window.addEventListener("scroll", () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; scrolled(); });
  }, { passive: true });
  window.addEventListener("resize", place);
  place();

  // Choosing two to be compared.
  let chosen = JSON.parse(sessionStorage.getItem(CHOSEN) || "[]");
  const bar = document.getElementById("chosen");
  const paint = () => {
    for (const row of rows.children) row.classList.toggle("picked", chosen.includes(row.dataset.id));
    bar.hidden = chosen.length === 0;
    document.getElementById("chosen-count").textContent =
      chosen.length === 1 ? "1 chosen; one more" : `${chosen.length} chosen`;
    const link = document.getElementById("compare");
    link.hidden = chosen.length !== 2;
    link.href = `/compare?a=${chosen[0]}&b=${chosen[1]}`;
  };
  const choose = (id) => {
    chosen = chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id].slice(-2);
    sessionStorage.setItem(CHOSEN, JSON.stringify(chosen));
    paint();
  };
  document.getElementById("choose-none").addEventListener("click", () => { chosen = []; sessionStorage.removeItem(CHOSEN); paint(); });
  paint();

  const here = () => document.activeElement?.closest?.(".row");
  const go = (by) => {
    const row = here();
    const at = row ? Number(row.id.slice(2)) + by : first;
    if (at < 0 || at >= total) return;
    const next = document.getElementById(`r-${at}`);
    if (next) {
      next.querySelector("a").focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
      if (Math.abs(at - first) < 3 || at > first + rows.children.length - 4) scrolled();
    } else {
      wanted = `r-${at}`;
      show(Math.max(0, Math.min(total - loaded, at - Math.floor(loaded / 2))));
    }
  };
  for (const select of document.querySelectorAll(".filters select")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
  if (location.hash === "#search") document.getElementById("search").focus();
  keys({
    j: () => go(1),
    k: () => go(-1),
    ArrowDown: () => go(1),
    ArrowUp: () => go(-1),
    x: () => { const row = here(); if (row) choose(row.dataset.id); },
    c: () => { if (chosen.length === 2) location.assign(document.getElementById("compare").href); },
    n: () => location.assign("/notes"),
  });
}
