"use strict";
// Finds datasets, names, releases and facts by words. The indexes are fetched when somebody begins to search, from this site
// alone; nothing is sent anywhere. What is found is set as text, never as HTML.
const MOST = 60;
const [PLURAL, LEAST] = [5, 3]; // letters of a word that may be a plural, and of the beginning of one that is misspelt
const [WORDS, LETTERS] = [12, 40]; // words that are looked for, and letters of each
const box = document.querySelector("[data-indexes]");
const input = box.querySelector("input");
const status = box.querySelector("[role=status]");
const list = box.querySelector("ol");
let asked = null;
let left = 0;

/** Returns a text without case and marks, its words with blanks around each. */
function folded(text) {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return " " + plain.replace(/[^\p{L}\p{N}]+/gu, " ").trim() + " ";
}

/** Returns the words that are asked for. */
function wanted() {
  const words = folded(input.value).split(" ").filter(Boolean).map((word) => word.slice(0, LETTERS));
  return [...new Set(words)].slice(0, WORDS);
}

/** Returns what a word is found by: how others begin, and, whole, the other of its singular and its plural. */
function forms(word) {
  const found = [" " + word];
  if (word.length < PLURAL) return found;
  if (word.endsWith("ies")) found.push(` ${word.slice(0, -3)}y `);
  else if (/(s|x|z|ch|sh)es$/.test(word)) found.push(` ${word.slice(0, -2)} `);
  else if (word.endsWith("y")) found.push(` ${word.slice(0, -1)}ies `);
  if (/[^siu]s$/.test(word)) found.push(` ${word.slice(0, -1)} `);
  return found;
}

/** Returns whether a text has a word in one of its forms. */
function has(text, shapes) {
  return shapes.some((shape) => text.includes(shape));
}

/** Returns a word that nothing has cut to as much of its beginning as something has; what has less has that too. */
function near(all, word) {
  const there = (shapes) => all.some((entry) => has(entry.words, shapes));
  if (there(forms(word))) return word;
  let [least, most] = [LEAST - 1, word.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (there([" " + word.slice(0, middle)])) least = middle;
    else most = middle - 1;
  }
  return least < LEAST ? word : word.slice(0, least);
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
  const asked = words.map(forms);
  const count = (text) => asked.filter((shapes) => has(text, shapes)).length;
  const met = all.map((entry) => ({ entry, count: count(entry.words) })).filter((one) => one.count);
  const most = met.reduce((count, one) => Math.max(count, one.count), 0);
  const found = met.filter((one) => one.count === most).map((one) => one.entry);
  const rank = new Map(found.map((entry) => [entry, entry.named.startsWith(first) * 100 + count(entry.named)]));
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
  const close = words.map((word) => near(all, word));
  const { whole: every, found } = best(all, close);
  const whole = every && close.join() === words.join();
  const many = found.length === 1 ? "1 found" : `${found.length.toLocaleString("en")} found`;
  const said = whole ? many : `Nothing has all of these words; ${found.length.toLocaleString("en")} with most of them, or like them`;
  const shown = found.length > MOST ? `${said}, the first ${MOST} shown` : found.length ? said : "Nothing found";
  remember();
  show(found.slice(0, MOST), left ? `${shown}. ${left.toLocaleString("en")} older facts are in the tables alone` : shown);
}

/** Keeps what is asked in the address, so that it is there again on the way back; a browser may allow that seldom. */
function remember() {
  const address = new URL(location);
  if (input.value.trim()) address.searchParams.set("q", input.value.trim());
  else address.searchParams.delete("q");
  try {
    if (address.href !== location.href) history.replaceState(null, "", address);
  } catch {}
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
