"use strict";
// Finds datasets, names, releases and facts by words. The indexes are fetched when somebody begins to search, from this site
// alone; nothing is sent anywhere. What is found is set as text, never as HTML.
const MOST = 60;
const [SHORT, LEAST] = [4, 3]; // letters of a word that may be a plural, and of the beginning of one that is misspelt
const box = document.querySelector("[data-indexes]");
const input = box.querySelector("input");
const status = box.querySelector("[role=status]");
const list = box.querySelector("ol");
let asked = null;
let left = 0;

/** Returns a text without case and marks, its words after a blank each. */
function folded(text) {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return " " + plain.replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** Returns the words that are asked for, without the ends of plurals: they are found at the start of others. */
function wanted() {
  return [...new Set(folded(input.value).split(" ").filter(Boolean).map(stem))];
}

function stem(word) {
  if (word.length < SHORT || /(ss|us|is)$/.test(word)) return word;
  return word.replace(/(?:ies|(?<=s|x|z|ch|sh)es|s)$/, "");
}

/** Returns the words, one that nothing has cut to as much of its beginning as something has. */
function near(all, words) {
  const has = (text) => all.some((entry) => entry.words.includes(" " + text));
  const cut = (word) => {
    for (let end = word.length; end >= LEAST; end -= 1) if (has(word.slice(0, end))) return word.slice(0, end);
    return word;
  };
  return words.map(cut);
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
  left += told.left;
  const entry = ([kind, title, href, said, more]) => ({
    kind, title, said, href: home + href, dataset: told.title, named: folded(title), words: folded(title + " " + more),
  });
  const fact = (row) => ({ ...entry(row), sentence: row[4], words: folded([row[0], row[1], row[3], row[4]].join(" ")) });
  return [...told.found.map(entry), ...told.facts.map(fact)];
}

/** Returns what has most of the words: those whose name has them first, then as the indexes have them. */
function best(all, words) {
  const first = " " + words.join(" ");
  const has = (text) => words.filter((word) => text.includes(" " + word)).length;
  const met = all.map((entry) => ({ entry, count: has(entry.words) })).filter((one) => one.count);
  const most = met.reduce((count, one) => Math.max(count, one.count), 0);
  const found = met.filter((one) => one.count === most).map((one) => one.entry);
  const rank = new Map(found.map((entry) => [entry, entry.named.startsWith(first) * 100 + has(entry.named)]));
  return { whole: most === words.length, found: found.sort((a, b) => rank.get(b) - rank.get(a)) };
}

/** Shows what has every word that was asked for, or, where nothing has, what has most of them. */
async function search() {
  const words = wanted();
  if (!words.length) {
    remember();
    return show([], "");
  }
  asked ??= entries();
  let all;
  try {
    all = await asked;
  } catch {
    asked = null;
    left = 0;
    return show([], "The index could not be read.");
  }
  if (words.join() !== wanted().join()) return; // more was typed meanwhile
  remember();
  const close = near(all, words);
  const { whole: every, found } = best(all, close);
  const whole = every && close.join() === words.join();
  const many = found.length === 1 ? "1 found" : `${found.length.toLocaleString("en")} found`;
  const said = whole ? many : `Nothing has all of these words; ${found.length.toLocaleString("en")} with most of them, or like them`;
  const shown = found.length > MOST ? `${said}, the first ${MOST} shown` : found.length ? said : "Nothing found";
  show(found.slice(0, MOST), left ? `${shown}. ${left.toLocaleString("en")} older facts are in the tables alone` : shown);
}

/** Keeps what is asked in the address, so that it is there again on the way back. */
function remember() {
  const asked = input.value.trim();
  const address = new URL(location);
  if (asked) address.searchParams.set("q", asked);
  else address.searchParams.delete("q");
  if (address.href !== location.href) history.replaceState(null, "", address);
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
  if (entry.sentence && !folded(entry.sentence).startsWith(folded(entry.title))) row.append(quoted(entry.sentence));
  return row;
}

function quoted(sentence) {
  const made = document.createElement("blockquote");
  made.dir = "auto";
  made.textContent = sentence;
  return made;
}

/** Leads from the field to the first that was found, once it is there. */
async function enter(event) {
  if (event.key !== "Enter") return;
  await search();
  list.querySelector("a")?.focus();
}

box.hidden = false;
input.addEventListener("input", search);
input.addEventListener("keydown", enter);
input.value = new URLSearchParams(location.search).get("q") ?? input.value;
if (input.value) search();
if (box.hasAttribute("data-first") && !location.hash) input.focus();
