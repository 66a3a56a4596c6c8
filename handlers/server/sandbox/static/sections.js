"use strict";

// A link such as #section/The-signature/String-to-sign scrolls to the heading with that name.
(() => {
  const slug = (text) => text.trim().replace(/\s+/g, "-");

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#section/"]');
    if (!link) return;
    const target = decodeURIComponent(link.getAttribute("href")).split("/").pop();
    const headings = document.querySelectorAll(".info h1, .info h2, .info h3");
    const heading = Array.from(headings).find((each) => slug(each.textContent) === target);
    if (!heading) return;
    event.preventDefault();
    heading.scrollIntoView();
  });
})();
