"use strict";
// Finds datasets, names, releases and facts by words. The indexes are fetched when somebody begins to search, from this site
// alone; nothing is sent anywhere. What is found is set as text, never as HTML.
const MOST = 60;
const box = document.querySelector("[data-indexes]");
const input = box.querySelector("input");
const status = box.querySelector("[role=status]");
const list = box.querySelector("ol");
let asked = null;

/** Returns a text without case and marks, its words after a blank each. */
function folded(text) {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return " " + plain.replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** Returns every entry of every index, with its folded words. */
async function entries() {
  const found = await Promise.all(box.dataset.indexes.split(" ").filter(Boolean).map(one));
  return found.flat();
}

async function one(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(path);
  const told = await answer.json();
  const home = path.slice(0, path.lastIndexOf("/") + 1);
  return told.found.map(([kind, title, href, said, more]) => ({
    kind, title, said, href: home + href, dataset: told.title, named: folded(title), words: folded(title + " " + more),
  }));
}

/** Shows what has every word that was asked for, or else most of them; what begins with them is first. */
async function search() {
  const words = folded(input.value).trim().split(" ").filter(Boolean);
  if (!words.length) return show([], "");
  asked ??= entries();
  let all;
  try {
    all = await asked;
  } catch {
    asked = null;
    return show([], "The index could not be read.");
  }
  if (words.join(" ") !== folded(input.value).trim()) return; // more was typed meanwhile
  const first = " " + words.join(" ");
  const hits = new Map(all.map((entry) => [entry, words.filter((word) => entry.words.includes(" " + word)).length]));
  const most = Math.max(0, ...hits.values());
  const found = most ? all.filter((entry) => hits.get(entry) === most) : [];
  found.sort((a, b) => b.named.startsWith(first) - a.named.startsWith(first));
  const many = `${found.length.toLocaleString("en")} found`;
  const some = most < words.length ? `Nothing has every word. With ${most} of ${words.length} words: ${many}` : many;
  show(found.slice(0, MOST), found.length > MOST ? `${some}, the first ${MOST} shown` : found.length ? some : "Nothing found");
}

function show(found, said) {
  status.textContent = said;
  list.replaceChildren(...found.map(item));
}

function item(entry) {
  const row = document.createElement("li");
  const link = document.createElement("a");
  link.href = entry.href;
  link.textContent = entry.title;
  link.className = "title";
  link.dir = "auto";
  const about = document.createElement("span");
  about.className = "when";
  about.textContent = [entry.kind, entry.said, entry.kind === "dataset" ? "" : entry.dataset].filter(Boolean).join(" · ");
  row.append(link, " ", about);
  return row;
}

box.hidden = false;
input.addEventListener("input", search);
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter") list.querySelector("a")?.click();
});
if (document.querySelector("h1").textContent === "Search") input.focus();
input.value = new URLSearchParams(location.search).get("q") ?? input.value;
if (input.value) search();
