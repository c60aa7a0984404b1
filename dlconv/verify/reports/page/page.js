// Draws the page from the JSON report and the pictures in it.

const { passed, results, said_of_photos: saidOfPhotos } = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const percent = (share) => `${(share < 1 ? Math.min(share * 100, 99.99) : 100).toFixed(2)} %`;
const megabytes = (bytes) => bytes >= 1e6 ? `${(bytes / 1e6).toFixed(2)} MB` : `${(bytes / 1e3).toFixed(0)} kB`;
const nameOf = (row) => `${row.model}: ${row.title} in ${row.runtime.name} ${row.runtime.backend}`;

const COLUMNS = [
  ["model", (row) => row.model],
  ["artifact", (row) => row.title],
  ["runtime", (row) => `${row.runtime.name} ${row.runtime.backend}`],
  ["size", (row) => megabytes(row.bytes), "number"],
  ["agreement", (row) => row.agreement ? percent(row.agreement.mean) : "", "number"],
  ["worst photo", (row) => row.agreement ? percent(row.agreement.worst) : "", "number"],
  ["mIoU", (row) => row.agreement ? row.miou.toFixed(3) : "", "number"],
  ["ms", (row) => row.agreement ? Math.round(row.ms_median).toLocaleString("en") : "", "number"],
];

// A row across the table, which stays in sight while the table scrolls sideways.
function note(kind, ...content) {
  const cell = element("td", { class: kind, colspan: COLUMNS.length + 1 }, element("div", { class: "note" }, ...content));
  return element("tr", {}, cell);
}

function drawTable() {
  const heads = COLUMNS.map(([title, , kind = ""]) => element("th", { scope: "col", class: kind }, title));
  const body = element("tbody");
  for (const row of results) {
    const cells = COLUMNS.map(([, value, kind = ""]) => element("td", { class: kind }, value(row)));
    const verdict = element("td", { class: row.passed ? "good" : "bad" }, row.passed ? "passed" : "failed");
    body.append(element("tr", {}, ...cells, verdict));
    if (row.remarks.length > 0) body.append(note("remarks", row.remarks.join("; ")));
    if (row.failures.length > 0) {
      const reasons = row.failures.flatMap((failure) => [failure, element("br")]).slice(0, -1);
      body.append(note("reasons", ...reasons));
    }
  }
  const head = element("thead", {}, element("tr", {}, ...heads, element("th", { scope: "col" }, "result")));
  at("table").append(element("table", {}, head, body));
}

const WIDTH = 640, HEIGHT = 300, LEFT = 52, BELOW = 38, ABOVE = 16, RIGHT = 150;

function drawPlot() {
  const points = results.filter((row) => row.agreement);
  if (points.length < 2) return at("plot-section").remove();
  const most = Math.max(...points.map((row) => row.bytes)) * 1.05;
  const least = Math.floor(Math.min(...points.map((row) => row.miou), 0.99) * 20) / 20;
  const x = (bytes) => LEFT + (WIDTH - LEFT - RIGHT) * bytes / most;
  const y = (miou) => ABOVE + (HEIGHT - ABOVE - BELOW) * (1 - (miou - least) / (1 - least));
  const parts = [line(LEFT, y(least), WIDTH - RIGHT, y(least)), line(LEFT, y(1), LEFT, y(least))];
  for (const share of [0, 0.5, 1]) {
    const value = least + (1 - least) * share;
    parts.push(text(LEFT - 6, y(value) + 4, value.toFixed(3), "end"));
    parts.push(text(x(most / 1.05 * share), HEIGHT - 20, megabytes(most / 1.05 * share), "middle"));
  }
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "size of the artifact", "middle"));
  const taken = [];
  for (const row of points) {
    const circle = svg("circle", { cx: x(row.bytes), cy: y(row.miou), r: 5, class: row.passed ? "" : "failed" });
    circle.append(svg("title", {}, `${nameOf(row)}: ${megabytes(row.bytes)}, mIoU ${row.miou.toFixed(3)}`));
    parts.push(circle);
    const wanted = { x: x(row.bytes) + 9, y: y(row.miou) + 4, title: row.title };
    if (taken.some((each) => each.title === row.title && isNear(each.wanted, wanted))) continue;
    const spot = freeSpot(taken, wanted.x, wanted.y);
    taken.push({ ...spot, wanted, title: row.title });
    parts.push(text(spot.x, spot.y, row.title, "start", "name"));
  }
  const label = "Size of each artifact against its mIoU; the table above has the numbers";
  at("plot").append(svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, role: "img", "aria-label": label }, ...parts));
}

const LABEL_WIDTH = 150, LABEL_HEIGHT = 14;

const isNear = (one, other) => Math.abs(one.x - other.x) < LABEL_WIDTH && Math.abs(one.y - other.y) < LABEL_HEIGHT;

function freeSpot(taken, x, y) {
  return taken.some((spot) => isNear(spot, { x, y })) ? freeSpot(taken, x, y + LABEL_HEIGHT) : { x, y };
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const line = (x1, y1, x2, y2) => svg("line", { x1, y1, x2, y2, class: "axis" });
const text = (x, y, content, anchor, kind = "") => svg("text", { x, y, "text-anchor": anchor, class: kind }, content);

function figure(photo) {
  const { pictures } = photo;
  const image = (kind, alt) => element("img", { src: pictures[kind], class: kind, alt });
  const stack = element("div", { class: "stack" },
    image("photo", `photo ${photo.photo}`), image("reference", "labels of the frozen graph"),
    image("labels", "labels of the artifact"), image("difference", "where they differ"),
    element("div", { class: "edge" }));
  const slider = element("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": `compare ${photo.photo}` });
  const move = () => stack.style.setProperty("--at", `${slider.value}%`);
  slider.addEventListener("input", move);
  move();
  const legend = element("ul", { class: "legend" }, ...pictures.classes.map(({ name, colour }) => {
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = colour;
    return element("li", {}, swatch, name);
  }));
  const caption = `${photo.photo}: ${percent(photo.agreement)}, ${photo.differing_pixels.toLocaleString("en")} pixels differ`;
  return element("figure", {}, stack, slider, element("figcaption", {}, caption), legend);
}

function drawPhotos({ photos }) {
  const worstFirst = [...photos].sort((one, other) => one.agreement - other.agreement);
  at("photos").replaceChildren(...worstFirst.map(figure));
}

const MOST_CLASSES = 24;

// Rows are the frozen graph's classes, columns the artifact's: those with the most pixels that changed.
function drawConfusion({ confusion }) {
  const changed = confusion.filter(({ reference, artifact }) => reference !== artifact);
  const sums = new Map();
  for (const { reference, artifact, pixels } of changed) {
    for (const name of [reference, artifact]) sums.set(name, (sums.get(name) ?? 0) + pixels);
  }
  const names = [...sums.keys()].sort((one, other) => sums.get(other) - sums.get(one)).slice(0, MOST_CLASSES);
  at("confusion-section").hidden = names.length === 0;
  const pixelsOf = new Map(confusion.map(({ reference, artifact, pixels }) => [`${reference}\n${artifact}`, pixels]));
  const head = element("tr", {}, element("td"), ...names.map((name) => element("th", { scope: "col" }, name)));
  const rows = names.map((reference) => {
    const all = confusion.filter((pair) => pair.reference === reference).reduce((sum, { pixels }) => sum + pixels, 0);
    const cells = names.map((artifact) => {
      const pixels = pixelsOf.get(`${reference}\n${artifact}`) ?? 0;
      const cell = element("td", { class: reference === artifact ? "number same" : "number" }, pixels ? pixels.toLocaleString("en") : "");
      cell.style.setProperty("--share", pixels / all || 0);
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row" }, reference), ...cells);
  });
  at("confusion").replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function drawChosen() {
  const row = results[at("chosen").value];
  drawPhotos(row);
  drawConfusion(row);
}

const count = results.filter((row) => row.passed).length;
at("verdict").append(`dlconv verify: ${count} of ${results.length} passed`);
at("verdict").className = passed ? "good" : "bad";
at("checked").append(saidOfPhotos);
drawTable();
drawPlot();
results.forEach((row, k) => at("chosen").append(element("option", { value: k }, nameOf(row))));
at("chosen").value = Math.max(0, results.findIndex((row) => !row.passed));
at("chosen").addEventListener("change", drawChosen);
const style = document.documentElement.style;
const setOpacity = () => style.setProperty("--opacity", at("opacity").value / 100);
at("opacity").addEventListener("input", setOpacity);
at("difference").addEventListener("change", ({ target }) => at("photos").classList.toggle("only-difference", target.checked));
setOpacity();
drawChosen();
