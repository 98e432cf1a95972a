// A button that copies a citation.
"use strict";
for (const box of document.querySelectorAll(".copy")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const text = box.querySelector("pre");
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      // Without leave to use the clipboard the text is selected, one key from being copied.
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
  });
  box.prepend(button);
}
