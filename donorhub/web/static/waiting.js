// A page that waits for the work of a job looks again by itself; without this it offers a link.
const lookAgain = async () => {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (answer.ok) document.querySelector("main").replaceWith(page.querySelector("main"));
  if (document.querySelector("[data-waits]")) setTimeout(lookAgain, 2000);
};
if (document.querySelector("[data-waits]")) setTimeout(lookAgain, 2000);
