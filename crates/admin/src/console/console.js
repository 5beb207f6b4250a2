// Keeps the figures fresh: fetches the page again and takes its live part over. Pauses while nobody looks.
"use strict";
(() => {
  const every = 2000;
  let timer = 0;
  let asking = false;

  // XMLHttpRequest, since it makes a document of the answer by itself: no text of the page ever becomes markup here.
  function ask() {
    if (asking || document.hidden || !document.querySelector("[data-live]")) return;
    asking = true;
    const request = new XMLHttpRequest();
    request.open("GET", location.pathname);
    request.responseType = "document";
    request.timeout = 10000;
    request.addEventListener("loadend", () => {
      asking = false;
      if (request.status === 401) location.reload();
      if (request.status === 200) take(request.response);
      say(request.status !== 200);
    });
    request.send();
  }

  function say(away) {
    const place = document.querySelector("[data-away]");
    const words = away ? place?.dataset.away : "";
    if (place && place.textContent !== words) place.textContent = words;
  }

  function take(page) {
    const live = document.querySelector("[data-live]");
    const fresh = page?.querySelector("[data-live]");
    const changed = fresh && fresh.innerHTML !== live.innerHTML;
    // Whoever marks something is about to copy it.
    if (!changed || String(getSelection()) !== "") return;
    const focus = live.contains(document.activeElement) ? document.activeElement.id : "";
    const places = [...live.querySelectorAll(".scroll[id]")].map((part) => [part.id, part.scrollLeft]);
    live.replaceWith(document.adoptNode(fresh));
    for (const [id, left] of places) {
      const part = document.getElementById(id);
      if (part) part.scrollLeft = left;
    }
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  }

  function watch() {
    clearInterval(timer);
    if (!document.hidden) timer = setInterval(ask, every);
  }

  document.addEventListener("visibilitychange", watch);
  watch();
})();
