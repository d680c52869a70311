// Asking for a comparison: the file goes up with a bar; then the page that waits says how far it is, and shows the result when it is there.
for (const form of document.querySelectorAll("[data-compare]")) form.addEventListener("submit", send);

function send(event) {
  const form = event.currentTarget;
  const button = form.querySelector("button");
  const trouble = form.querySelector("[data-trouble]");
  const request = new XMLHttpRequest();
  event.preventDefault();
  trouble.hidden = true;
  button.disabled = true;
  const words = button.textContent;
  const restore = () => {
    button.disabled = false;
    button.textContent = words;
  };
  const fail = (said) => {
    trouble.hidden = false;
    trouble.textContent = said;
    restore();
    button.focus(); // it was lost while the button could not be pressed
    trouble.scrollIntoView({ block: "nearest" });
  };
  addEventListener("pagehide", restore, { once: true }); // whoever comes back finds the form as it was
  request.upload.addEventListener("progress", ({ loaded, total }) => { if (total) button.textContent = `Sending, ${Math.round((100 * loaded) / total)} %`; });
  request.addEventListener("error", () => fail("The archive could not be reached. Try again."));
  request.addEventListener("load", () => {
    let said = {};
    try { said = JSON.parse(request.responseText); } catch { /* a proxy's page */ }
    if (request.status === 202) location.assign(`/compare/${said.id}`);
    else fail(said.message || `The archive answered ${request.status}.`);
  });
  request.open("POST", "/api/v1/compare");
  request.setRequestHeader("accept", "application/json");
  request.send(new FormData(form));
}

const line = document.querySelector("[data-comparison]");
if (line) setTimeout(look, 500);

async function look() {
  let wait = 1000;
  if (!document.hidden) {
    try {
      const answer = await fetch(line.dataset.comparison, { headers: { accept: "application/json" } });
      const { state, progress } = answer.ok ? await answer.json() : {};
      if (answer.status === 404 || state === "done" || state === "failed") return location.reload();
      if (progress) {
        line.querySelector("progress").value = progress.done;
        const stage = line.querySelector("p");
        if (stage.textContent !== progress.stage) stage.textContent = progress.stage; // else it would be read out again
      }
    } catch {
      wait = 5000;
    }
  }
  return setTimeout(look, wait);
}
