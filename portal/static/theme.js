// Before the first paint: where the choice is "as the system", ask the system.
(() => {
  const root = document.documentElement;
  if (root.dataset.themeChoice !== "system") return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  apply();
  dark.addEventListener("change", apply);
})();
