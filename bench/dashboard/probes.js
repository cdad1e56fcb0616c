// What is measured inside the page. It begins with the document, before any script of the dashboard.
(() => {
  const probes = { shift: 0, drawn: null, key: null, answered: null, shown: null, wanted: null, frames: [] };
  window.probes = probes;

  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) probes.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });

  // After the next frame was drawn.
  const painted = (tell) => requestAnimationFrame(() => setTimeout(() => tell(performance.now())));

  // A page is drawn when it has a heading and nothing in it says that it still loads.
  const isDrawn = () =>
    document.querySelector("main h1") &&
    ![...document.querySelectorAll("main [role=status]")].some((each) => each.textContent.includes("…"));
  const look = () => (isDrawn() ? painted((at) => (probes.drawn ??= at)) : requestAnimationFrame(look));
  requestAnimationFrame(look);

  addEventListener("keydown", () => (probes.key = performance.now()), true);

  // An answer is on screen in the frame after its first hit is the first of the page.
  const shown = (hits) => {
    const first = document.querySelector("a[data-hit]");
    const isThere = hits.length === 0 || first?.href.includes(hits[0].session_id);
    if (isThere) painted((at) => (probes.shown = at));
    else requestAnimationFrame(() => shown(hits));
  };
  const ask = window.fetch;
  window.fetch = async (...given) => {
    const address = new URL(given[0] instanceof Request ? given[0].url : given[0], location.href);
    const answer = await ask(...given);
    if (address.pathname === "/v1/search" && address.searchParams.get("q") === probes.wanted) {
      void answer.clone().json().then(({ hits }) => {
        probes.answered = performance.now();
        requestAnimationFrame(() => shown(hits));
      });
    }
    return answer;
  };

  probes.count = () => {
    let before = performance.now();
    const frame = (at) => {
      probes.frames.push(at - before);
      before = at;
      if (probes.counting) requestAnimationFrame(frame);
    };
    probes.counting = true;
    requestAnimationFrame(frame);
  };
})();
