// Results while one types: the same page is asked for in the background and its parts put in place of those that are here.
// Without this script every form and link does the same by loading the page.
const WAIT_MS = 180;
const said = document.getElementById("said");
const words = document.getElementById("q");
let asking = null;
let waiting = 0;
let isTyping = false;

function put(fresh) {
  const open = new Map([...document.querySelectorAll("details[data-key]")].map((d) => [d.dataset.key, d.open]));
  const focused = document.activeElement;
  const cursor = focused?.matches("input") ? { id: focused.id, value: focused.value, at: focused.selectionStart } : null;
  const link = focused?.closest("[data-part] a")?.textContent;
  for (const part of document.querySelectorAll("[data-part]")) {
    const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (other && other.innerHTML !== part.innerHTML) part.replaceChildren(...document.importNode(other, true).childNodes);
  }
  for (const d of document.querySelectorAll("details[data-key]")) if (open.get(d.dataset.key) !== undefined) d.open ||= open.get(d.dataset.key);
  for (const input of document.querySelectorAll(".ranges input[id]")) {
    if (input !== focused) input.value = fresh.getElementById(input.id)?.value ?? "";
  }
  if (cursor?.id && !document.contains(focused)) {
    const again = document.getElementById(cursor.id);
    if (again) {
      again.value = cursor.value;
      again.focus({ preventScroll: true });
      again.setSelectionRange(cursor.at, cursor.at);
    }
  } else if (link && !document.contains(focused)) {
    [...document.querySelectorAll("[data-part] a")].find((a) => a.textContent === link)?.focus({ preventScroll: true });
  }
  document.querySelector("[data-fold]").className = fresh.querySelector("[data-fold]").className;
  document.title = fresh.title;
  said.textContent = document.getElementById("count").textContent;
  document.dispatchEvent(new Event("parts-changed"));
}

async function show(address, keep) {
  clearTimeout(waiting);
  asking?.abort();
  const own = (asking = new AbortController());
  const found = document.querySelector('[data-part="found"]');
  found.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { signal: own.signal, headers: { accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (own.signal.aborted) return;
    if (!fresh.querySelector('[data-part="found"]')) {
      said.textContent = fresh.querySelector("main")?.textContent.trim() ?? "";
      found.replaceChildren(document.importNode(fresh.querySelector("main") ?? fresh.body, true).firstElementChild);
    } else {
      put(fresh);
      if (keep === "push") history.pushState(null, "", address);
      if (keep === "replace") history.replaceState(null, "", address);
    }
    found.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  }
}

// what the address asks, with the fields of a form in place of those of the same name
function asked(form) {
  const given = new URLSearchParams(location.search);
  given.delete("page");
  for (const field of form.querySelectorAll("input:not([type=hidden])[name], select[name], input[name=opened]")) {
    if (field.value.trim()) given.set(field.name, field.value);
    else given.delete(field.name);
  }
  return `/entries${given.size === 0 ? "" : `?${given}`}`;
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-live]");
  if (!form || event.target.type === "hidden") return;
  clearTimeout(waiting);
  const isChoice = event.target.matches("select");
  waiting = setTimeout(() => {
    show(asked(form), isTyping && !isChoice ? "replace" : "push");
    isTyping = !isChoice;
  }, isChoice ? 0 : WAIT_MS);
});
document.addEventListener("change", () => { isTyping = false; });
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-live]");
  if (!form) return;
  event.preventDefault();
  isTyping = false;
  const address = asked(form);
  show(address, address === location.pathname + location.search ? "none" : "push");
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("main a[href]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const address = link.getAttribute("href");
  if (address !== "/entries" && !address.startsWith("/entries?")) return;
  event.preventDefault();
  isTyping = false;
  const isPage = Boolean(link.closest(".pages"));
  if (link.closest(".empty")) words.value = new URLSearchParams(address.split("?")[1]).get("q") ?? "";
  show(address, "push").then(() => {
    if (!isPage) return;
    scrollTo({ top: 0 });
    document.getElementById("count").focus({ preventScroll: true });
  });
});
addEventListener("popstate", () => {
  words.value = new URLSearchParams(location.search).get("q") ?? "";
  show(location.href, "none");
});
