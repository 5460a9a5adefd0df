"use strict";
// Draws what the page holds in #data. Shapes are on the map already (whole numbers of
// `unit`, each vertex as the step from the one before); here they are only moved, scaled,
// coloured and pointed at. Text is set as text, never as HTML.
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const canvas = $("map"), ctx = canvas.getContext("2d");
const NEAR_PX = 8, MOST_RESULTS = 200, CLASSES = 48;

// ---- shapes ----

function decode(shapes) {
  return (shapes || []).map((rings) => {
    let west = Infinity, south = Infinity, east = -Infinity, north = -Infinity;
    const path = new Path2D();
    for (const ring of rings) {
      let x = 0, y = 0;
      for (let i = 0; i < ring.length; i += 2) {
        ring[i] = x += ring[i];
        ring[i + 1] = y += ring[i + 1];
        if (i) path.lineTo(x, y); else path.moveTo(x, y);
        west = Math.min(west, x); east = Math.max(east, x);
        south = Math.min(south, y); north = Math.max(north, y);
      }
      path.closePath();
    }
    return { rings, path, west, south, east, north, drawn: rings.length > 0,
             x: (west + east) / 2, y: (south + north) / 2 };
  });
}

const items = decode(data.shapes), footprints = decode(data.footprints), aoi = decode(data.aoi), land = decode(data.land);
const members = data.members || [], granules = data.granules || [];

function isInside(shape, x, y) {
  if (x < shape.west || x > shape.east || y < shape.south || y > shape.north) return false;
  let inside = false;
  for (const r of shape.rings)
    for (let i = 0, j = r.length - 2; i < r.length; j = i, i += 2)
      if ((r[i + 1] > y) !== (r[j + 1] > y) &&
          x < (r[j] - r[i]) * (y - r[i + 1]) / (r[j + 1] - r[i + 1]) + r[i])
        inside = !inside;
  return inside;
}

// ---- values ----

function valueText(v, kind = data.valueKind) {
  if (v === null || v === undefined) return "no value";
  if (kind === "date") return new Date(v * 864e5).toISOString().slice(0, 10);
  if (Number.isInteger(v)) return v.toLocaleString("en");
  return String(Number(v.toPrecision(6)));
}

function placeOnRamp(v) {
  const s = data.scale;
  if (!s || v === null) return -1;
  if (!(s.high > s.low)) return 0.5;
  const t = s.log ? Math.log(v / s.low) / Math.log(s.high / s.low) : (v - s.low) / (s.high - s.low);
  return Math.min(1, Math.max(0, t));
}

function rampColour(t) {
  const at = t * (data.ramp.length - 1), i = Math.min(data.ramp.length - 2, Math.floor(at));
  const part = (k, c) => parseInt(data.ramp[k].slice(1 + 2 * c, 3 + 2 * c), 16);
  return "rgb(" + [0, 1, 2].map((c) => Math.round(part(i, c) + (at - i) * (part(i + 1, c) - part(i, c)))) + ")";
}

// Items of nearly the same colour are one path: many thousand are drawn at once.
const classes = new Map();
items.forEach((item, i) => {
  const t = placeOnRamp(data.values[i]);
  item.colour = t < 0 ? null : rampColour(t);
  const key = t < 0 ? -1 : Math.round(t * CLASSES);
  if (!classes.has(key)) classes.set(key, { path: new Path2D(), colour: t < 0 ? null : rampColour(key / CLASSES) });
  classes.get(key).path.addPath(item.path);
});

// ---- projection: the same formulas as the program's ----

const RAD = Math.PI / 180, P = data.projection, SIGN = P.kind === "south" ? -1 : 1;

function project(lon, lat) {
  if (P.kind === "lonlat") return toUnits((lon - P.lon0) * P.shrink, lat);
  const rho = 2 * Math.sin((90 - SIGN * lat) / 2 * RAD), a = (lon - P.lon0) * RAD;
  return toUnits(rho * Math.sin(a), -SIGN * rho * Math.cos(a));
}

function unproject(ux, uy) {
  const x = ux * data.unit + data.origin[0], y = uy * data.unit + data.origin[1];
  const turn = (lon) => ((lon + 180) % 360 + 360) % 360 - 180;
  if (P.kind === "lonlat") return Math.abs(y) > 90 || Math.abs(x / P.shrink) > 180 ? null : [turn(x / P.shrink + P.lon0), y];
  const rho = Math.hypot(x, y);
  if (rho > 2) return null;
  return [turn(Math.atan2(x, -SIGN * y) / RAD + P.lon0), SIGN * (90 - 2 * Math.asin(rho / 2) / RAD)];
}

function toUnits(x, y) { return [(x - data.origin[0]) / data.unit, (y - data.origin[1]) / data.unit]; }

// ---- the view: the unit in the middle and pixels a unit ----

const view = { x: 0, y: 0, scale: 1 };
let width = 0, height = 0, home = 1;

function toPixels(x, y) { return [(x - view.x) * view.scale + width / 2, height / 2 - (y - view.y) * view.scale]; }
function fromPixels(px, py) { return [(px - width / 2) / view.scale + view.x, (height / 2 - py) / view.scale + view.y]; }

function showAll() {
  const [w, s, e, n] = data.extent;
  view.x = (w + e) / 2;
  view.y = (s + n) / 2;
  view.scale = home = Math.min(Math.max(width - 110, 50) / (e - w), Math.max(height - 50, 50) / (n - s)) || 1;
  draw();
}

function zoomBy(factor, px = width / 2, py = height / 2) {
  const [x, y] = fromPixels(px, py);
  view.scale = Math.min(Math.max(view.scale * factor, home / 50), home * 1e6);
  view.x = x - (px - width / 2) / view.scale;
  view.y = y - (height / 2 - py) / view.scale;
  draw();
}

function bringIntoView(shape) {
  const size = Math.max(shape.east - shape.west, shape.north - shape.south, 1);
  if (size * view.scale < 12) view.scale = Math.min(24 / size, home * 1e6);
  if (size * view.scale > Math.max(width, height)) view.scale = 0.8 * Math.min(width, height) / size;
  const [px, py] = toPixels(shape.x, shape.y);
  if (px < 40 || py < 40 || px > width - 40 || py > height - 40) { view.x = shape.x; view.y = shape.y; }
  draw();
}

// ---- drawing ----

const state = { hover: -1, cursor: -1, selected: -1, granule: -1 };
let queued = false;

function draw() {
  if (!queued) { queued = true; requestAnimationFrame(() => { queued = false; paint(); }); }
}

function ink(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function paint() {
  const dpr = window.devicePixelRatio || 1, s = view.scale;
  const onMap = () => ctx.setTransform(dpr * s, 0, 0, -dpr * s,
    dpr * (width / 2 - view.x * s), dpr * (height / 2 + view.y * s));
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.fillStyle = ink("--paper");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  onMap();
  ctx.fillStyle = ink("--land");
  for (const l of land) ctx.fill(l.path, "evenodd");
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  const labels = paintGraticule();
  onMap();
  ctx.lineJoin = "round";
  if (data.seeThrough) paintLayers(s); else paintCells(s);
  if ($("footprints").checked) footprints.forEach((f) => f.drawn && line(f.path, ink("--foot"), 0.7 / s));
  for (const a of aoi) { line(a.path, ink("--halo"), 4 / s); line(a.path, ink("--area"), 2 / s, [8 / s, 4 / s]); }
  paintMarks(s);
  paintDots(onMap, s);
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  paintLabels(labels);
  showScale();
}

function line(path, colour, lineWidth, dash = []) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = lineWidth;
  ctx.setLineDash(dash);
  ctx.stroke(path);
  ctx.setLineDash([]);
}

function paintCells(s) {
  const first = items.find((i) => i.drawn), wide = first && (first.east - first.west) * s > 8;
  for (const c of classes.values()) {
    ctx.fillStyle = c.colour || ink("--none");
    ctx.fill(c.path);
    line(c.path, wide ? ink("--edge") : ctx.fillStyle, (wide ? 1 : 0.7) / s);
  }
}

function paintLayers(s) {
  const alpha = Math.max(0.06, Math.min(0.45, 6 / items.length));
  items.forEach((item) => {
    if (!item.drawn) return;
    const colour = item.colour || ink("--none");
    ctx.globalAlpha = alpha;
    ctx.fillStyle = colour;
    ctx.fill(item.path, "evenodd");
    ctx.globalAlpha = 0.9;
    line(item.path, colour, 1.3 / s);
  });
  ctx.globalAlpha = 1;
}

function paintMarks(s) {
  if (state.granule >= 0) {
    members.forEach((list, i) => list.includes(state.granule) && line(items[i].path, ink("--mark"), 2 / s));
    const f = footprints[state.granule];
    if (f && f.drawn) { line(f.path, ink("--halo"), 4 / s); line(f.path, ink("--mark"), 2 / s, [6 / s, 3 / s]); }
  }
  const outline = (i, w) => {
    if (i < 0 || !items[i].drawn) return;
    line(items[i].path, ink("--halo"), (w + 3) / s);
    line(items[i].path, ink("--mark"), w / s);
  };
  outline(state.hover, 1.5);
  if (state.cursor !== state.selected) outline(state.cursor, 2);
  outline(state.selected, 3);
}

// What is smaller than three pixels is shown by a dot, so that it can be found.
function paintDots(onMap, s) {
  if (items.length > 5000) return;
  for (const item of items) {
    if (!item.drawn || Math.max(item.east - item.west, item.north - item.south) * s >= 3) continue;
    ctx.fillStyle = item.colour || ink("--none");
    ctx.beginPath();
    ctx.arc(item.x, item.y, 2.5 / s, 0, 7);
    ctx.fill();
  }
}

// ---- graticule ----

const STEPS = [90, 45, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00001];

function visibleDegrees() {
  if (P.kind === "lonlat") {
    const [w, s, e, n] = [...fromPixels(0, height), ...fromPixels(width, 0)];
    const lon = (x) => P.lon0 + Math.min(180, Math.max(-180, (x * data.unit + data.origin[0]) / P.shrink));
    const lat = (y) => Math.min(90, Math.max(-90, y * data.unit + data.origin[1]));
    return { west: lon(w), south: lat(s), east: lon(e), north: lat(n) };
  }
  let lons = [], south = 90, north = -90;
  for (let i = 0; i <= 12; i++)
    for (let j = 0; j <= 12; j++) {
      const g = unproject(...fromPixels(width * i / 12, height * j / 12));
      if (!g) continue;
      lons.push(((g[0] - P.lon0 + 180) % 360 + 360) % 360 - 180 + P.lon0);
      south = Math.min(south, g[1]); north = Math.max(north, g[1]);
    }
  const [px, py] = toPixels(...project(0, SIGN * 90));
  if (px > -50 && py > -50 && px < width + 50 && py < height + 50) {
    lons = [-180, 180];
    if (SIGN > 0) north = 90; else south = -90;
  }
  return lons.length ? { west: Math.min(...lons), east: Math.max(...lons), south, north } : null;
}

function degreesText(v, step, positive, negative) {
  const d = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  return Math.abs(v).toFixed(d) + "\u00b0" + (Math.abs(v) < step / 2 || Math.abs(v) === 180 ? "" : v > 0 ? positive : negative);
}

function curve(points, text, bottom) {
  const pole = P.kind === "lonlat" ? [-1e9, 0] : toPixels(...toUnits(0, 0));
  let best = null, pen = false;
  for (const [lon, lat] of points) {
    const [px, py] = toPixels(...project(lon, lat));
    if (pen) ctx.lineTo(px, py); else ctx.moveTo(px, py);
    pen = true;
    if (px > 52 && py > 14 && px < width - 50 && py < height - 34 &&
        (!bottom || Math.hypot(px - pole[0], py - pole[1]) > 60) &&
        (!best || (bottom ? py > best[1] : px < best[0]))) best = [px, py, text, bottom];
  }
  return best;
}

function paintGraticule() {
  const v = visibleDegrees(), labels = [];
  if (!v) return labels;
  const polar = P.kind !== "lonlat";
  const step = STEPS.find((d) => d <= (v.north - v.south) / 3) || 1e-5;
  const lonStep = polar && v.east - v.west > 200 ? 30 : STEPS.find((d) => d <= (v.east - v.west) / 4) || 1e-5;
  const N = 200, last = polar ? v.east - 1e-9 : v.east;
  ctx.strokeStyle = ink("--grid");
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let lon = Math.ceil(v.west / lonStep) * lonStep; lon <= last; lon += lonStep) {
    const shown = ((lon + 180) % 360 + 360) % 360 - 180;
    labels.push(curve(Array.from({ length: N + 1 }, (_, i) => [lon, v.south + (v.north - v.south) * i / N]), degreesText(shown, lonStep, "E", "W"), true));
  }
  for (let lat = Math.ceil(v.south / step) * step; lat <= v.north; lat += step)
    labels.push(curve(Array.from({ length: N + 1 }, (_, i) => [v.west + (v.east - v.west) * i / N, lat]), degreesText(lat, step, "N", "S"), false));
  ctx.stroke();
  return labels.filter(Boolean);
}

function paintLabels(labels) {
  ctx.font = "12px system-ui, sans-serif";
  ctx.lineWidth = 3;
  ctx.strokeStyle = ink("--halo");
  ctx.fillStyle = ink("--soft");
  for (const [px, py, text, bottom] of labels) {
    if (bottom && (px < 110 || px > width - 170) && P.kind === "lonlat") continue;
    const x = bottom ? px - ctx.measureText(text).width / 2 : 52, y = bottom ? height - 12 : py + 4;
    const at = P.kind === "lonlat" ? [x, y] : [px + 3, py - 3];
    ctx.strokeText(text, ...at);
    ctx.fillText(text, ...at);
  }
}

function showScale() {
  const a = unproject(...fromPixels(width / 2 - 50, height / 2)), b = unproject(...fromPixels(width / 2 + 50, height / 2));
  $("scale").hidden = !a || !b;
  if (!a || !b) return;
  const h = (d) => Math.sin(d / 2 * RAD) ** 2;
  const km = 12742 * Math.asin(Math.sqrt(h(b[1] - a[1]) + Math.cos(a[1] * RAD) * Math.cos(b[1] * RAD) * h(b[0] - a[0])));
  const ten = 10 ** Math.floor(Math.log10(km)), nice = [5, 2, 1].find((n) => n * ten <= km * 1.0001) * ten || km;
  $("bar").style.width = 100 * nice / km + "px";
  $("bartext").textContent = nice >= 1 ? nice + " km" : Math.round(nice * 1000) + " m";
}

// ---- what is where ----

function itemsAt(px, py) {
  const [x, y] = fromPixels(px, py), found = [];
  items.forEach((item, i) => { if (item.drawn && isInside(item, x, y)) found.push(i); });
  if (found.length) return found.reverse();
  let best = -1, least = NEAR_PX / view.scale;
  items.forEach((item, i) => {
    const d = item.drawn ? Math.hypot(item.x - x, item.y - y) : Infinity;
    if (d < least) { least = d; best = i; }
  });
  return best < 0 ? [] : [best];
}

// The next item in a direction: near, and not far to the side.
function nextItem(from, dx, dy) {
  let best = -1, least = Infinity;
  items.forEach((item, i) => {
    if (i === from || !item.drawn) return;
    const x = item.x - (from < 0 ? view.x : items[from].x), y = item.y - (from < 0 ? view.y : items[from].y);
    const along = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
    const cost = from < 0 ? Math.hypot(x, y) : along > 0 && aside <= 2 * along ? along + 2 * aside : Infinity;
    if (cost < least) { least = cost; best = i; }
  });
  return best;
}

// ---- words ----

function describe(i) {
  const rows = [];
  if (data.keys && data.keys[i] !== "0") rows.push([data.kind === "shard map" ? "key" : "morton", data.keys[i]]);
  rows.push([data.value, valueText(data.values[i])]);
  if (data.parts && data.parts[i] > 1) {
    rows.push(["sums up", data.parts[i].toLocaleString("en")]);
    rows.push(["from", valueText(data.low[i]) + " to " + valueText(data.high[i])]);
  }
  if (data.counts) rows.push(["count", valueText(data.counts[i], "number")]);
  if (data.times && data.times[i]) rows.push(["time", data.times[i]]);
  return rows;
}

function name(i) { return (data.item === "granule" ? "" : data.item + " ") + data.labels[i]; }
function sentence(i) { return name(i) + ", " + describe(i).map((r) => r.join(" ")).join(", "); }

function fill(list, rows) {
  list.replaceChildren(...rows.flatMap(([term, text]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = term;
    dd.textContent = text;
    return [dt, dd];
  }));
}

function say(text) { $("said").textContent = text; }

function button(text, act, pressed) {
  const li = document.createElement("li"), b = document.createElement("button");
  b.type = "button";
  b.textContent = text;
  if (pressed !== undefined) b.setAttribute("aria-pressed", String(pressed));
  b.addEventListener("click", act);
  li.append(b);
  return li;
}

function paragraph(text) {
  const li = document.createElement("li"), p = document.createElement("p");
  p.textContent = text;
  li.append(p);
  return li;
}

function granuleButton(g) {
  const time = granules[g][1];
  const li = button(granules[g][0] + (time ? "  " + time.slice(0, 10) : ""), () => selectGranule(g), state.granule === g);
  li.firstChild.dataset.granule = g;
  return li;
}

// ---- choosing ----

function select(i, move) {
  state.selected = state.cursor = i;
  if (move && items[i].drawn) bringIntoView(items[i]);
  showDetails();
  say(sentence(i));
  draw();
}

function letGo() {
  Object.assign(state, { hover: -1, cursor: -1, selected: -1, granule: -1 });
  $("query").value = "";
  $("tip").hidden = true;
  showDetails();
  say("");
  draw();
}

function showDetails() {
  const i = state.selected, list = [];
  $("head").textContent = i < 0 ? "" : name(i);
  fill($("values"), i < 0 ? [] : describe(i));
  if (i >= 0 && members[i])
    for (const g of members[i]) list.push(granuleButton(g));
  if (i < 0) list.push(paragraph("Click a " + data.item + ", or search."));
  $("list").replaceChildren(...list);
}

function selectGranule(g) {
  state.granule = state.granule === g ? -1 : g;
  const shards = members.filter((list) => list.includes(g)).length;
  for (const b of $("list").querySelectorAll("button[data-granule]"))
    b.setAttribute("aria-pressed", String(b.dataset.granule === String(state.granule)));
  say(state.granule < 0 ? "" : granules[g][0] + (shards ? ", in " + shards + " " + data.item + (shards > 1 ? "s" : "") : ""));
  draw();
}

function search(query) {
  const q = query.trim().toLowerCase(), found = [];
  if (!q) { showDetails(); return; }
  let more = false;
  data.labels.forEach((label, i) => {
    if (!label.toLowerCase().includes(q) && !(data.keys && data.keys[i] === q)) return;
    if (found.length < MOST_RESULTS) found.push(button(name(i), () => select(i, true))); else more = true;
  });
  granules.forEach((g, k) => {
    if (!g[0].toLowerCase().includes(q)) return;
    if (found.length < MOST_RESULTS) found.push(granuleButton(k)); else more = true;
  });
  $("head").textContent = found.length ? found.length + (more ? " or more" : "") + " found" : "Nothing has \u201c" + query.trim() + "\u201d in its name";
  fill($("values"), []);
  $("list").replaceChildren(...found);
  say($("head").textContent);
}

// ---- pointer and keys ----

function hover(event) {
  const box = canvas.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
  const found = itemsAt(px, py), i = found.length ? found[0] : -1, tip = $("tip");
  const g = unproject(...fromPixels(px, py));
  $("place").textContent = g ? degreesText(g[1], 0.0001, "N", "S") + "  " + degreesText(g[0], 0.0001, "E", "W") : "";
  tip.hidden = i < 0;
  if (i >= 0) {
    const head = document.createElement("strong");
    head.textContent = name(i);
    const rows = describe(i).map(([a, b]) => { const d = document.createElement("div"); d.textContent = a + " " + b; return d; });
    if (found.length > 1) { const d = document.createElement("div"); d.textContent = "and " + (found.length - 1) + " more here: click again"; rows.push(d); }
    tip.replaceChildren(head, ...rows);
    tip.style.left = Math.max(4, Math.min(px + 14, width - tip.offsetWidth - 4)) + "px";
    tip.style.top = (py + tip.offsetHeight + 24 > height ? py - tip.offsetHeight - 10 : py + 16) + "px";
  }
  if (state.hover !== i) { state.hover = i; draw(); }
}

let drag = null;
canvas.addEventListener("pointerdown", (e) => { drag = { x: e.clientX, y: e.clientY, moved: false }; canvas.setPointerCapture(e.pointerId); });
canvas.addEventListener("pointermove", (e) => {
  if (!drag || (!drag.moved && Math.hypot(e.clientX - drag.x, e.clientY - drag.y) < 4)) { hover(e); return; }
  view.x -= (e.clientX - drag.x) / view.scale;
  view.y += (e.clientY - drag.y) / view.scale;
  drag = { x: e.clientX, y: e.clientY, moved: true };
  $("tip").hidden = true;
  draw();
});
canvas.addEventListener("pointerup", (e) => {
  const clicked = drag && !drag.moved;
  drag = null;
  if (!clicked) return;
  const box = canvas.getBoundingClientRect(), found = itemsAt(e.clientX - box.left, e.clientY - box.top);
  if (!found.length) { letGo(); return; }
  select(found[(found.indexOf(state.selected) + 1) % found.length], false);
});
canvas.addEventListener("pointerleave", () => { state.hover = -1; $("tip").hidden = true; $("place").textContent = ""; draw(); });
canvas.addEventListener("wheel", (e) => {
  const box = canvas.getBoundingClientRect();
  e.preventDefault();
  zoomBy(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0015)), e.clientX - box.left, e.clientY - box.top);
}, { passive: false });

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
canvas.addEventListener("keydown", (e) => {
  const to = ARROWS[e.key];
  if (to && e.shiftKey) {
    view.x += to[0] * 60 / view.scale;
    view.y += to[1] * 60 / view.scale;
    draw();
  } else if (to) {
    const i = nextItem(state.cursor, ...to);
    if (i >= 0) { state.cursor = i; bringIntoView(items[i]); say(sentence(i)); }
  } else if ((e.key === "Enter" || e.key === " ") && state.cursor >= 0) {
    select(state.cursor, false);
  } else {
    return;
  }
  e.preventDefault();
});
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "Escape") { letGo(); canvas.focus(); return; }
  if (e.target === $("query")) return;
  if (e.key === "/") { $("query").focus(); $("query").select(); }
  else if (e.key === "+" || e.key === "=") zoomBy(1.5);
  else if (e.key === "-") zoomBy(1 / 1.5);
  else if (e.key === "0") showAll();
  else return;
  e.preventDefault();
});
$("find").addEventListener("submit", (e) => {
  e.preventDefault();
  const first = $("list").querySelector("button");
  if (first) first.click();
});
$("query").addEventListener("input", () => search($("query").value));
$("in").addEventListener("click", () => zoomBy(1.5));
$("out").addEventListener("click", () => zoomBy(1 / 1.5));
$("all").addEventListener("click", showAll);
$("footprints").addEventListener("change", draw);

// ---- the page ----

function legend() {
  const s = data.scale, none = data.values.filter((v) => v === null).length;
  $("legendname").textContent = data.value;
  if (s) {
    const middle = s.log ? Math.sqrt(s.low * s.high) : (s.low + s.high) / 2;
    const short = (v) => valueText(data.valueKind === "count" ? Math.round(v) : data.valueKind === "number" ? Number(v.toPrecision(4)) : v);
    const ticks = s.high > s.low ? [(s.cutBelow ? "\u2264 " : "") + short(s.low), short(middle), (s.cutAbove ? "\u2265 " : "") + short(s.high)] : [short(s.low)];
    $("ramp").style.background = s.high > s.low ? "linear-gradient(to right," + data.ramp + ")" : rampColour(0.5);
    $("ramp").setAttribute("aria-label", data.value + " from " + ticks[0] + " (dark) to " + ticks[ticks.length - 1] + " (light)" + (s.log ? ", logarithmic" : ""));
    $("ticks").replaceChildren(...ticks.map((t) => { const e = document.createElement("span"); e.textContent = t; return e; }));
  }
  $("ramp").hidden = !s;
  const more = [];
  if (s && s.log) more.push("logarithmic");
  if (none) more.push(none.toLocaleString("en") + " without a value");
  if (none) { const e = document.createElement("span"); e.className = "swatch"; $("legendmore").append(e, " "); }
  $("legendmore").append(more.join("; "));
}

function resize() {
  const dpr = window.devicePixelRatio || 1, before = width;
  width = $("stage").clientWidth;
  height = $("stage").clientHeight;
  canvas.width = Math.max(1, Math.round(width * dpr));
  canvas.height = Math.max(1, Math.round(height * dpr));
  if (before) draw(); else showAll();
}

document.title = data.title;
$("title").textContent = data.title;
$("subtitle").textContent = data.kind + ": " + items.length.toLocaleString("en") + " " + data.item + (items.length === 1 ? "" : "s") + " by " + data.value;
canvas.setAttribute("aria-label", "Map of " + $("subtitle").textContent);
$("querylabel").textContent = "Search " + data.item + (granules.length ? " or granule" : "") + " (/)";
$("footprintswitch").hidden = !footprints.some((f) => f.drawn);
$("empty").hidden = items.length > 0;
$("empty").textContent = "There is nothing to draw.";
fill($("facts"), data.facts);
$("notes").replaceChildren(...data.notes.map((n) => { const li = document.createElement("li"); li.textContent = n; return li; }));
legend();
showDetails();
new ResizeObserver(resize).observe($("stage"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
resize();

// For tests and for scripts in the console.
window.zaggView = {
  data, state, view, select, showAll,
  pixelOf: (i) => toPixels(items[i].x, items[i].y),
  indexOf: (label) => data.labels.indexOf(label),
};
})();
