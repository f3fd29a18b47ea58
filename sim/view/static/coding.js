// Coding: a key for each answer.

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const wanted = event.key.toLowerCase();
  const button = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === wanted);
  if (!button) return;
  event.preventDefault();
  button.click();
});
document.body.dataset.ready = "1";
