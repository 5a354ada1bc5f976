"use strict";
const all = selector => [...document.querySelectorAll(selector)];
const cards = all("article");
const home = new Map(cards.map(card => [card, card.parentElement]));

for (const control of all(".scripted")) control.hidden = false;

// The photograph lies under the picture, which is cut off from the left.
document.addEventListener("input", event => {
  if (event.target.type === "range") event.target.closest("article").style.setProperty("--cut", event.target.value);
});

// Worst first, all pictures are in one list.
document.getElementById("worst-first")?.addEventListener("change", event => {
  const flat = document.getElementById("flat"), sorted = event.target.checked;
  const order = sorted ? cards.toSorted((a, b) => a.dataset.rank - b.dataset.rank) : cards;
  for (const card of order) (sorted ? flat.firstElementChild : home.get(card)).append(card);
  flat.hidden = !sorted;
  for (const group of all(".group")) group.hidden = sorted;
});

// A decision is shown once it is kept. The button that is pressed takes it back.
document.addEventListener("click", async event => {
  const button = event.target.closest("button[data-decision]");
  if (!button) return;
  const card = button.closest("article"), error = card.querySelector(".error");
  const decision = button.getAttribute("aria-pressed") === "true" ? "" : button.dataset.decision;
  error.textContent = "";
  try {
    const answer = await fetch("decide", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({name: card.id, decision})});
    if (!answer.ok) throw new Error(await answer.text());
    show(card, await answer.json());
  } catch (e) {
    error.textContent = e instanceof TypeError ? "The command review has ended; nothing was kept." : e.message;
  }
});

// show shows what the index has of a picture.
function show(card, picture) {
  card.dataset.state = card.querySelector(".state").textContent = picture.state;
  card.className = picture.usable ? "usable" : "other";
  for (const button of card.querySelectorAll("button")) button.setAttribute("aria-pressed", button.dataset.decision === picture.decision);
  document.querySelector("header").innerHTML = picture.head;
  const group = card.dataset.group;
  document.getElementById("usable-" + group).textContent = cards.filter(c => c.dataset.group === group && c.className === "usable").length;
}
