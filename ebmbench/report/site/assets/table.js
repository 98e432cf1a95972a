// Sorting, filtering, hiding columns and CSV for tables that are whole without a script. A script
// of our own, since table libraries replace the <table> by elements that readers of screens and of
// pages without scripts do not get.
"use strict";
(() => {
  const tables = [...document.querySelectorAll("table[data-name]")];
  const text = (cell) => cell.innerText.trim().replace(/\s+/g, " ");
  const shown = (element) => element.checkVisibility();

  // Numbers before words, and what has no value last in either direction.
  const compare = (a, b, sign) => {
    const [x, y] = [a.dataset.value, b.dataset.value];
    if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
    const [p, q] = [Number(x), Number(y)];
    return sign * (Number.isNaN(p) || Number.isNaN(q) ? x.localeCompare(y) : p - q);
  };

  const sort = (table, index, head) => {
    const descending = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    // Within each group: the oracle and the references stay apart.
    for (const body of table.tBodies) {
      const rows = [...body.rows];
      rows.sort((a, b) => compare(a.cells[index], b.cells[index], descending ? -1 : 1));
      body.append(...rows);
    }
  };

  const hide = (table, index, hidden) => {
    for (const row of table.rows) row.cells[index].hidden = hidden;
  };

  const quote = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

  const csv = (table) =>
    [...table.rows]
      .filter(shown)
      .map((row) =>
        [...row.cells]
          .filter(shown)
          .map((cell) => quote(cell.querySelector("button")?.dataset.title ?? text(cell)))
          .join(","),
      )
      .join("\n") + "\n";

  const download = (table) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
    link.download = `${table.dataset.name}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  for (const table of tables) {
    [...table.tHead.rows[0].cells].forEach((head, index) => {
      head.querySelector("button").addEventListener("click", () => sort(table, index, head));
    });
    const frame = table.closest(".page-table");
    const whole = frame.querySelector(".whole");
    whole?.addEventListener("click", () => {
      whole.setAttribute("aria-pressed", String(frame.classList.toggle("all")));
    });
    frame.querySelector(".csv")?.addEventListener("click", () => download(table));
    for (const box of frame.querySelectorAll("[data-column]")) {
      box.checked = true;
      box.addEventListener("change", () => hide(table, Number(box.dataset.column), !box.checked));
    }
  }

  const form = document.querySelector(".filters");
  if (!form) return;
  const filters = [...form.querySelectorAll("[data-filter]")];
  const wanted = (filter) => (filter.type === "checkbox" && !filter.checked ? "" : filter.value);
  const matches = (row, sought) =>
    row.cells[0].innerText.toLowerCase().includes(sought) &&
    filters.every((filter) => {
      const label = row.dataset[filter.dataset.filter];
      return !wanted(filter) || label === undefined || label === wanted(filter);
    });

  const filter = () => {
    const board = document.getElementById("board").value;
    const sought = document.getElementById("search").value.trim().toLowerCase();
    let count = 0;
    for (const section of document.querySelectorAll("[data-board]")) {
      section.hidden = board !== "" && section.dataset.board !== board;
      for (const table of section.querySelectorAll("table[data-name]")) {
        const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
        for (const row of rows) row.hidden = !matches(row, sought);
        const left = rows.filter((row) => !row.hidden).length;
        table.closest(".page-table").querySelector(".empty").hidden = left > 0;
        if (table.checkVisibility() && table.dataset.name.startsWith("leaderboard-")) count += left;
      }
    }
    document.getElementById("count").value = `${count} rows`;
  };
  for (const event of ["input", "change"]) form.addEventListener(event, filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.reset();
  filter();
})();
