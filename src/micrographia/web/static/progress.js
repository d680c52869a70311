// While pictures of an entry are still being made: how far they are, told without reloading; those that could not be shown are asked for again.
const line = document.querySelector("[data-progress]");
const [bar, words] = [line.querySelector("progress"), line.querySelector("span")];
const [SOON, LATE] = [1000, 30000];
const missing = new Set();
let [wait, seen] = [SOON, bar.value];

document.addEventListener("error", (event) => { if (event.target instanceof HTMLImageElement) missing.add(event.target); }, true);
for (const image of document.images) if (image.complete && !image.naturalWidth) missing.add(image);

function askAgain() {
  for (const image of missing) {
    missing.delete(image);
    image.src = `${image.src.replace(/\?.*/, "")}?at=${Date.now()}`;
  }
}

function tell({ total, prepared, failed, finished }) {
  if (finished) {
    line.remove();
    askAgain();
    return true;
  }
  bar.value = prepared + failed;
  const ready = prepared + failed >= total ? "; smaller copies for the viewers follow" : "";
  words.textContent = `${prepared.toLocaleString("en")} of ${total.toLocaleString("en")} pictures prepared${failed ? `, ${failed} cannot be` : ""}${ready}`;
  wait = bar.value === seen ? Math.min(LATE, wait * 1.5) : SOON;
  if (bar.value !== seen) askAgain();
  seen = bar.value;
  return false;
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(line.dataset.progress, { headers: { accept: "application/json" } });
      if (answer.status === 404 || answer.status === 410) return;
      if (answer.ok && tell(await answer.json())) return;
    } catch {
      wait = Math.min(LATE, wait * 2);
    }
  }
  setTimeout(look, wait);
}
setTimeout(look, wait);
