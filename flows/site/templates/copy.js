"use strict";
// Puts an address, a hash or a citation on the clipboard. Without it each of them stands on the page all the same.
// Where the site was not told its address, code gets the one where it is read; without a script the page says so.
const SAID = 3000;

function offer(place) {
  const button = document.createElement("button");
  const label = document.createElement("span");
  button.type = "button";
  button.className = "copy";
  button.append(label);
  const say = (word) => {
    label.textContent = word;
    button.setAttribute("aria-label", `${word}: ${place.dataset.copy}`);
  };
  const idle = place.dataset.say ? `copy ${place.dataset.say}` : "copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(place.href || place.textContent);
      say("copied");
    } catch {
      say("the browser refused");
    }
    setTimeout(() => say(idle), SAID);
  });
  say(idle);
  place.after(button);
}

if (location.protocol.startsWith("http")) {
  const root = new URL(".", document.querySelector("a.home").href).href;
  document.querySelectorAll("[data-here]").forEach((one) => (one.textContent = one.dataset.here || root));
  document.querySelectorAll("[data-page]").forEach((one) => (one.textContent = root + one.dataset.page));
}

// A browser has a clipboard where the site comes by https, or from this machine.
if (navigator.clipboard) document.querySelectorAll("[data-copy]").forEach(offer);
