// While a run writes the store, pages are drawn anew; when it ends, they are left alone.

const EVERY = 1500; // milliseconds between looks
const SLOWER = 6000; // where nobody writes

export function follow(page) {
  const data = document.body.dataset;
  const live = document.getElementById("live");
  if (page === "job" && data.state === "playing") {
    const look = async () => {
      const made = await page_of(location.href);
      if (!made) return;
      document.getElementById("content").replaceChildren(...made.getElementById("content").childNodes);
      if (made.body.dataset.state === "playing") setTimeout(look, 700);
    };
    setTimeout(look, 700);
    return;
  }
  if (!["trial", "trials", "tree"].includes(page)) return;

  const look = async () => {
    let next = SLOWER;
    try {
      if (!document.hidden) next = await looked();
    } catch {
      live.textContent = "The viewer has ended.";
      return;
    }
    setTimeout(look, next);
  };

  const looked = async () => {
    const from = page === "trial" ? `/trial/${data.trial}/state` : "/live";
    const answer = await fetch(from);
    if (!answer.ok) {
      live.textContent = "The store cannot be read any more; what is shown is as it was.";
      return SLOWER;
    }
    const now = await answer.json();
    if (page === "trial") {
      live.textContent = now.written ? "a run is writing" : "";
      if (now.key !== data.key && !document.querySelector("dialog[open]")) {
        const fresh = await fetch(location.pathname);
        if (fresh.ok) document.dispatchEvent(new CustomEvent("elsinore:page", { detail: await fresh.text() }));
      }
    } else {
      const told = `${now.trials.toLocaleString("en")} trials, ${now.open.toLocaleString("en")} open, ${now.turns.toLocaleString("en")} turns`;
      live.textContent = now.written ? told : "";
      const busy = document.activeElement?.closest?.("input, select, .row");
      const changed = now.state !== data.state || String(now.version) !== data.version;
      // Somebody who reads far below, or writes, is not to be disturbed.
      if (changed && !busy && window.scrollY < 400) {
        const made = await page_of(location.href);
        if (made) {
          data.state = now.state;
          data.version = String(now.version);
          if (page === "tree" || sameRows(made)) swap(made, page);
          else location.reload();
        }
      }
    }
    // Version 0: nothing is measured yet.
    return now.written || now.version === 0 ? EVERY : SLOWER;
  };
  setTimeout(look, EVERY);
}

async function page_of(where) {
  const answer = await fetch(where.split("#")[0]);
  return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
}

/** Whether the list has as many rows as before, so that its places still hold. */
function sameRows(made) {
  return made.getElementById("window")?.dataset.total === document.getElementById("window")?.dataset.total;
}

function swap(made, page) {
  const parts = page === "tree" ? [".tree"] : [".arms", "#count", "#rows", ".lede"];
  for (const part of parts) {
    const old = document.querySelector(part);
    const fresh = made.querySelector(part);
    if (!old || !fresh) continue;
    if (old.open !== undefined && old.tagName === "DETAILS") fresh.open = old.open;
    old.replaceWith(fresh);
  }
}
