// Small comforts for pages that work without them: copy buttons, steps that open when one comes to them.
function addCopyButtons() {
  for (const box of document.querySelectorAll("[data-copy]")) {
    if (box.querySelector("button")) continue;
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
}
addCopyButtons();
document.addEventListener("parts-changed", addCopyButtons);
const opened = () => { const step = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); if (step?.tagName === "DETAILS") step.open = true; };
addEventListener("hashchange", opened);
opened();
