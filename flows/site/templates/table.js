// Filters and sorts every row of a table, read from its Parquet file when somebody asks for it. The reader, hyparquet,
// lies on this site; nothing else is asked. Values are set as text, never as HTML.
const MOST = 100;
const LONGEST = 60;
const NAMES = 200;
const box = document.querySelector("[data-parquet]");
const ask = box.querySelector("button");
const input = box.querySelector("input");
const status = box.querySelector("[role=status]");
const table = document.querySelector("table.rows");
const heads = [...table.tHead.rows[0].cells];
const gone = new Set((table.dataset.withdrawn ?? "").split(" "));
let rows = [];
let sorted = { head: null, down: false };

/** Returns the rows of the file, each with its values as they are compared and as they are shown. */
async function read() {
  const { asyncBufferFromUrl, parquetReadObjects } = await import("./_scripts/index.js");
  const { decompress } = await import("./_scripts/fzstd.js");
  const compressors = { ZSTD: (bytes, length) => decompress(bytes, new Uint8Array(length)) };
  const file = await asyncBufferFromUrl({ url: new URL(box.dataset.parquet, location).href });
  const found = await parquetReadObjects({ file, compressors });
  return found.map((one) => {
    const values = heads.map((head) => one[head.dataset.name]);
    const texts = values.map((value, place) => shown(value, heads[place].dataset.type));
    const release = one.release_id ?? one.fact_id?.split("/")[0];
    const named = Object.fromEntries(heads.map((head, place) => [head.dataset.name, texts[place]]));
    return { values, texts, named, gone: gone.has(release), words: texts.join("\n").toLowerCase() };
  });
}

function shown(value, type) {
  if (value === null || value === undefined) return "";
  if (!(value instanceof Date)) return String(value);
  const text = value.toISOString();
  return type === "date" ? text.slice(0, 10) : text.replace(".000Z", "Z");
}

/** Returns how two values are ordered; what is empty is last, whatever the order. */
function compared(one, other) {
  if (one == null || other == null) return (one == null) - (other == null);
  const sign = one < other ? -1 : one > other ? 1 : 0;
  return sorted.down ? -sign : sign;
}

function show() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter((row) => words.every((word) => row.words.includes(word)));
  const place = heads.indexOf(sorted.head);
  if (place >= 0) found.sort((one, other) => compared(one.values[place], other.values[place]));
  table.tBodies[0].replaceChildren(...found.slice(0, MOST).map(line));
  const all = rows.length.toLocaleString("en");
  const many = `${found.length.toLocaleString("en")} of ${all} rows`;
  status.textContent = found.length > MOST ? `${many}, the first ${MOST} shown` : many;
}

function line(row) {
  const made = document.createElement("tr");
  if (table.dataset.key) made.id = anchor(row.named);
  row.texts.forEach((text, place) => made.append(cell(text, heads[place].dataset, row.named)));
  if (row.gone) {
    const mark = document.createElement("b");
    mark.className = "gone";
    mark.textContent = "withdrawn";
    made.cells[0].prepend(mark, " ");
  }
  return made;
}

/** Returns the id that a row has on this page: its key, without blanks. */
function anchor(named) {
  const key = table.dataset.key.split(" ").map((name) => named[name]);
  return key.join("/").trim().split(/\s+/).join("-");
}

/** Returns where a cell leads: its pattern, with the parts of values of its row. */
function address(pattern, named) {
  return pattern.replaceAll(/\{(\w+)\[(\d)\]\}/g, (_, name, place) => named[name].split("/")[place] ?? "");
}

function cell(whole, { name, type, link: pattern }, named) {
  const made = document.createElement("td");
  const names = name === "participant_names";
  const [text, longest] = names ? [whole.replaceAll("|", ", "), NAMES] : [whole, LONGEST];
  if (names) made.className = "names";
  if (type === "integer" || type === "number") made.className = "n";
  const short = text.length > longest ? text.slice(0, longest).trimEnd() + " …" : text;
  if (!pattern || !text) {
    made.textContent = short;
    return made;
  }
  const link = document.createElement("a");
  link.href = pattern === "#" ? `#${encodeURIComponent(anchor(named))}` : address(pattern, named);
  link.textContent = short;
  made.append(link);
  return made;
}

function sortable(head) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sort";
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click", () => {
    sorted = { head, down: sorted.head === head && !sorted.down };
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
    show();
  });
}

/** Reads all rows and shows them; returns whether it could. */
async function begin() {
  ask.disabled = true;
  status.textContent = "Reading …";
  try {
    rows = await read();
  } catch (fault) {
    ask.disabled = false;
    status.textContent = `The file could not be read: ${fault.message}`;
    return false;
  }
  ask.hidden = true;
  box.querySelector("label").hidden = false;
  heads.forEach(sortable);
  input.addEventListener("input", show);
  input.focus();
  document.getElementById("_rows").textContent = "The rows";
  show();
  return true;
}

box.hidden = false;
ask.addEventListener("click", begin);

// The address of a row that is not among those shown: it is looked for in the file.
const wanted = table.dataset.key ? decodeURIComponent(location.hash.slice(1)) : "";
if (wanted.includes("/") && !document.getElementById(wanted) && (await begin())) {
  rows.sort((one, other) => (anchor(other.named) === wanted) - (anchor(one.named) === wanted));
  show();
  location.replace(location.hash); // there is something to go to now
}
