// Small comforts for pages that work without them: copy buttons, lists that submit themselves, filters folded away on a phone.
for (const box of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const text = box.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(box.querySelector("code"));
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
  box.append(button);
}
for (const list of document.querySelectorAll("select[data-submit]")) {
  list.form.querySelector("[data-no-script]").hidden = true;
  list.addEventListener("change", () => list.form.submit());
}
if (matchMedia("(max-width: 60rem)").matches) document.querySelector("details.facet-panel")?.removeAttribute("open");
const opened = () => { const step = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); if (step?.tagName === "DETAILS") step.open = true; };
addEventListener("hashchange", opened);
opened();
