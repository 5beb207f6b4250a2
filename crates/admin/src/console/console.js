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
    request.addEventListener("load", () => {
      if (request.status === 200) take(request.response);
      else if (request.status === 401) location.reload();
    });
    // Without an answer the bridge is away; the page says as of when it is.
    request.addEventListener("loadend", () => { asking = false; });
    request.send();
  }

  function take(page) {
    const live = document.querySelector("[data-live]");
    const fresh = page?.querySelector("[data-live]");
    const busy = live.contains(document.activeElement) || String(getSelection()) !== "";
    if (fresh && !busy && fresh.innerHTML !== live.innerHTML) live.replaceWith(document.adoptNode(fresh));
  }

  function watch() {
    clearInterval(timer);
    if (!document.hidden) timer = setInterval(ask, every);
  }

  document.addEventListener("visibilitychange", watch);
  watch();
})();
