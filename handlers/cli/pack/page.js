"use strict";

(() => {
  const spec = JSON.parse(document.getElementById("document").textContent);
  const wide = matchMedia("(min-width: 1100px)");

  // One step into the document. A step to a reference ends at what it refers to.
  function step(value, name) {
    const next = value?.[name];
    return next?.$ref ? next.$ref.split("/").slice(1).reduce(step, spec) : next;
  }

  // The examples of the content to which this path of names leads, or into which it leads.
  function examplesAt(path) {
    const { examples } = path.slice(0, path.indexOf("content") + 2).reduce(step, spec) ?? {};
    return Object.keys(examples ?? {}).map((name) => step(examples, name));
  }

  // Swagger UI hides all examples but one behind a list. A document that is only read shows all of them.
  const EveryExample = () => ({
    wrapComponents: {
      modelExample: (Original, { React, getComponent }) => (props) => {
        const examples = examplesAt(props.specPath.toJS());
        if (examples.length === 0) return React.createElement(Original, props);
        const Code = getComponent("HighlightCode", true);
        const figures = examples.map(({ summary, value }, place) =>
          React.createElement(
            "figure",
            { key: place },
            React.createElement("figcaption", null, summary),
            React.createElement(Code, { language: "json" }, JSON.stringify(value, null, 2)),
          ),
        );
        return React.createElement(Original, { ...props, example: React.createElement("div", null, figures) });
      },
    },
  });

  function entry(text, id, level) {
    const link = document.createElement("a");
    link.href = "#" + id;
    link.textContent = text;
    const item = document.createElement("li");
    item.className = level;
    item.append(link);
    return item;
  }

  // A heading gets the ID that links to sections use, such as section/The-signature/String-to-sign.
  function sections() {
    let parent = "section";
    return [...document.querySelectorAll(".info .description :is(h1, h2)")].map((heading) => {
      const level = heading.localName;
      const name = heading.textContent.trim().replace(/\s+/g, "-");
      const id = (level === "h1" ? "section" : parent) + "/" + name;
      if (level === "h1") parent = id;
      if (!document.getElementById(id)) heading.id = id;
      return entry(heading.textContent, id, level);
    });
  }

  function operations() {
    return [...document.querySelectorAll(".opblock")].map((operation) =>
      entry(operation.querySelector(".opblock-summary-description").textContent, operation.id, "operation"),
    );
  }

  function whenDrawn() {
    const list = document.getElementById("contents");
    const entries = [...sections(), ...operations()];
    if (entries.length !== list.children.length) list.replaceChildren(...entries);
    document.getElementById("servers")?.setAttribute("aria-label", "Server"); // Swagger UI gives it no name.
  }

  function open() {
    document.querySelector("nav details").open = wide.matches;
  }

  wide.addEventListener("change", open);
  open();

  // Swagger UI draws the document in several steps.
  new MutationObserver(whenDrawn).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });

  SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    validatorUrl: null,
    deepLinking: true,
    docExpansion: "full",
    defaultModelsExpandDepth: 0,
    defaultModelRendering: "example",
    supportedSubmitMethods: [],
    plugins: [EveryExample],
  });
})();
