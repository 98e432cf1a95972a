// Runs before the first paint, so that a chosen theme does not flash.
"use strict";
(() => {
  const kept = { get: () => null, set: () => {} };
  try {
    // Storage is refused to pages of file:// by some browsers; the choice then lasts for a page.
    localStorage.getItem("theme");
    kept.get = () => localStorage.getItem("theme");
    kept.set = (value) => localStorage.setItem("theme", value);
  } catch {}

  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const told = () => document.dispatchEvent(new Event("themechange"));

  const chosen = kept.get();
  if (chosen) document.documentElement.dataset.theme = chosen;
  system.addEventListener("change", told);

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    // The label says what a press does; "pressed" beside a label that changes would say it twice.
    const show = () => (button.textContent = dark() ? "Use light theme" : "Use dark theme");
    button.addEventListener("click", () => {
      const next = dark() ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      kept.set(next);
      told();
    });
    document.addEventListener("themechange", show);
    show();
  });
})();
