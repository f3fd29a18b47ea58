// A trial: one line is selected; timeline, graph and keys move the selection.

import { keys } from "./keys.js";

const PACE = 1400; // milliseconds a line, at speed 1

export function trial() {
  const data = document.body.dataset;
  const labels = JSON.parse(data.labels || "[]");
  let now = 0;
  let timer = 0;
  let course = null; // Who speaks and who hears, by turn; read when it is first needed.

  const lines = () => document.querySelectorAll(".play > .line");
  const count = () => lines().length;
  const line = (turn) => document.getElementById(`t-${turn}`);
  const marks = () =>
    [...new Set([...document.querySelectorAll(".signs .sign")].map((each) => Number(each.dataset.turn)))].sort((a, b) => a - b);

  /** Select a turn; `from` is what did it, which is not moved itself. */
  const select = (turn, from = "") => {
    const total = count();
    if (!total) return;
    now = Math.max(1, Math.min(total, turn));
    document.querySelector(".line.now")?.classList.remove("now");
    const there = line(now);
    there?.classList.add("now");
    if (from !== "scroll") there?.scrollIntoView({ block: from === "load" ? "center" : "nearest" });
    const slider = document.getElementById("slider");
    slider.setAttribute("aria-valuenow", now);
    slider.setAttribute("aria-valuetext", `turn ${now}: ${there?.querySelector(".who")?.textContent ?? ""}`);
    slider.querySelector(".here").style.left = `${((now - 0.5) / total) * 100}%`;
    document.getElementById("now").textContent = `${now} / ${total}`;
    document.getElementById("cost").textContent =
      there?.querySelector(".tools")?.dataset.cost ? `turn ${now}: ${there.querySelector(".tools").dataset.cost}` : "";
    if (location.hash !== `#t-${now}`) history.replaceState(history.state, "", `#t-${now}`);
    light();
  };

  /** Light up who speaks and who hears in the graph. */
  const light = () => {
    const graph = document.getElementById("graph");
    if (!graph) return;
    course ??= JSON.parse(graph.dataset.course);
    const [speaker, hearers] = course[now - 1] ?? [];
    graph.classList.toggle("lit", speaker !== undefined);
    const before = course[now - 2]?.[0];
    for (const shape of graph.querySelectorAll("[data-key]")) {
      const key = shape.dataset.key;
      shape.classList.toggle("speaks", key === `n${speaker}`);
      shape.classList.toggle("hears", hearers?.some((seat) => key === `n${seat}`) ?? false);
      shape.classList.toggle("way", key === `e${before}-${speaker}`);
    }
  };

  // The timeline.
  const placeSigns = () => {
    const total = count() || 1;
    for (const sign of document.querySelectorAll(".signs .sign")) {
      sign.style.left = `${((Number(sign.dataset.turn) - 0.5) / total) * 100}%`;
    }
  };
  const turnAt = (event) => {
    const box = document.getElementById("slider").getBoundingClientRect();
    return Math.ceil(((event.clientX - box.left) / box.width) * count());
  };
  const timeline = () => {
    const slider = document.getElementById("slider");
    slider.addEventListener("pointerdown", (event) => {
      slider.setPointerCapture(event.pointerId);
      select(turnAt(event));
    });
    slider.addEventListener("pointermove", (event) => {
      if (slider.hasPointerCapture(event.pointerId)) select(turnAt(event));
    });
    slider.addEventListener("keydown", (event) => {
      const to = {
        ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1,
        Home: 1, End: count(), PageUp: now - 10, PageDown: now + 10,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      select(to);
    });
    document.getElementById("play").addEventListener("click", playOrPause);
    placeSigns();
  };

  const pause = () => {
    clearTimeout(timer);
    timer = 0;
    const button = document.getElementById("play");
    button.textContent = "▶";
    button.setAttribute("aria-label", "Play");
  };
  const play = () => {
    if (now >= count()) {
      pause();
      return;
    }
    select(now + 1);
    const speed = Number(document.getElementById("speed").value) || 1;
    timer = setTimeout(play, PACE / speed);
  };
  function playOrPause() {
    if (timer) {
      pause();
      return;
    }
    if (now >= count()) now = 0;
    const button = document.getElementById("play");
    button.textContent = "❚❚";
    button.setAttribute("aria-label", "Pause");
    play();
  }

  // Labels and notes.
  const send = async (fields) => {
    const answer = await fetch(`/trial/${data.trial}/notes`, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Accept: "text/html" },
    });
    if (answer.ok) replace(await answer.text());
    else alertOf("It was not kept.");
  };
  const alertOf = (words) => { document.getElementById("live").textContent = words; };
  const dialog = document.getElementById("note");
  const note = () => {
    if (!now) select(1);
    document.getElementById("note-turn").textContent = now;
    document.getElementById("note-at").value = now;
    const mine = line(now)?.querySelector(".note")?.textContent ?? "";
    document.getElementById("note-text").value = mine.includes(": ") ? mine.slice(mine.indexOf(": ") + 2) : "";
    dialog.showModal();
    document.getElementById("note-text").focus();
  };
  dialog.addEventListener("click", (event) => {
    const label = event.target.closest("[data-label]");
    if (!label) return;
    dialog.close();
    send({ kind: "label", turn: now, text: label.dataset.label });
  });
  document.getElementById("note-cancel").addEventListener("click", () => dialog.close());
  const form = document.getElementById("note-form");
  const keep = () => {
    dialog.close();
    send({ kind: "note", turn: now, text: document.getElementById("note-text").value });
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); keep(); });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); keep(); }
  });

  // Lines are chosen by a press anywhere on them.
  document.getElementById("script").addEventListener("click", (event) => {
    const there = event.target.closest(".line");
    if (!there) return;
    const turn = Number(there.id.slice(2));
    if (event.target.closest(".to-note")) { select(turn, "scroll"); note(); return; }
    if (event.target.closest("a:not(.at), button, summary")) return;
    if (String(getSelection()).length === 0) select(turn, "scroll");
  });
  document.getElementById("script").addEventListener("focusin", (event) => {
    const there = event.target.closest(".line");
    if (there && Number(there.id.slice(2)) !== now) select(Number(there.id.slice(2)), "scroll");
  });
  document.addEventListener("click", (event) => {
    const quote = event.target.closest("[data-quote]");
    if (quote) find(quote);
  });
  window.addEventListener("hashchange", () => hash());

  /** Select the words of a quote in the line that they stand in. */
  const find = (quote) => {
    const turn = Number(quote.hash.slice(3));
    const walker = document.createTreeWalker(line(turn) ?? document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const at = text.data.indexOf(quote.dataset.quote);
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + quote.dataset.quote.length);
      requestAnimationFrame(() => {
        getSelection().removeAllRanges();
        getSelection().addRange(range);
      });
      return;
    }
  };
  const hash = (from = "") => {
    const turn = /^#t-(\d+)$/.exec(location.hash);
    if (turn) select(Number(turn[1]), from);
    return Boolean(turn);
  };

  /** Take over what is new from a page that the server has just made. */
  const replace = (text) => {
    const made = new DOMParser().parseFromString(text, "text/html");
    if (made.body.dataset.trial !== data.trial) return;
    const atEnd = now === count() && window.innerHeight + window.scrollY >= document.body.scrollHeight - 200;
    const focused = document.activeElement?.closest?.(".line")?.id;
    for (const id of ["head", "script", "aside", "timeline"]) {
      const fresh = made.getElementById(id);
      const old = document.getElementById(id);
      if (!fresh || !old) continue;
      if (id === "timeline") old.replaceWith(fresh);
      else old.replaceChildren(...fresh.childNodes);
    }
    data.key = made.body.dataset.key;
    course = null;
    timeline();
    select(atEnd ? count() : now || 1, atEnd ? "" : "scroll");
    if (focused) document.getElementById(focused)?.querySelector("a")?.focus({ preventScroll: true });
  };
  document.addEventListener("elsinore:page", (event) => replace(event.detail));

  const link = (kind) => line(now || 1)?.querySelector(`.to-${kind}`)?.href;
  const open = (where) => where && location.assign(where);
  const toMark = (by) => {
    const all = marks();
    const next = by > 0 ? all.find((turn) => turn > now) : all.reverse().find((turn) => turn < now);
    if (next !== undefined) select(next, "load");
  };
  const own = {
    j: () => select(now + 1),
    k: () => select(now - 1),
    ArrowRight: () => select(now + 1),
    ArrowLeft: () => select(now - 1),
    "]": () => toMark(1),
    "[": () => toMark(-1),
    " ": playOrPause,
    p: () => open(link("prompt")),
    Enter: () => open(line(now || 1)?.querySelector(".others")?.href ?? link("prompt")),
    f: () => open(link("fork")),
    b: () => open(`/trial/${data.trial}/tree`),
    c: () => data.of && open(`/compare?a=${data.of}&b=${data.trial}`),
    n: note,
    g: () => select(1),
    G: () => select(count()),
    u: () => open(data.up),
  };
  labels.forEach((label, place) => {
    own[String(place + 1)] = () => { if (!now) select(1); send({ kind: "label", turn: now, text: label }); };
  });
  keys(own);
  timeline();
  if (!hash("load")) { now = 0; document.getElementById("now").textContent = String(count()); }
}
