// Keeps the figures fresh: fetches the page again and takes its live part over. Pauses while nobody looks.
"use strict";
(() => {
  const every = 2000;
  const parser = new DOMParser();
  let timer = 0;

  async function refresh() {
    const live = document.querySelector("[data-live]");
    if (!live || document.hidden) return;
    try {
      const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = parser.parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
      const busy = live.contains(document.activeElement) || String(getSelection()) !== "";
      if (fresh && !busy && fresh.innerHTML !== live.innerHTML) live.replaceWith(document.adoptNode(fresh));
    } catch {
      // The bridge is away; the page says as of when it is.
    }
  }

  function watch() {
    clearInterval(timer);
    if (!document.hidden) timer = setInterval(refresh, every);
  }

  document.addEventListener("visibilitychange", watch);
  watch();
})();
