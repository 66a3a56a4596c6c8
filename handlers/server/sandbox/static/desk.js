"use strict";

// Signs what Swagger UI sends, and has each refusal explained. The private key stays with the server.
(() => {
  const form = document.getElementById("desk");
  const told = document.getElementById("signed");
  const outcome = document.getElementById("outcome");
  const [lang, why] = navigator.language.startsWith("id") ? ["id", "Penyebab: "] : ["en", "Why: "];
  // What the request is to blame for; a repeat (409) and a failure of the server say all there is.
  const REFUSALS = new Set([400, 401, 404, 405, 415]);
  let sent = null;

  async function ask(path, question) {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) };
    const response = await fetch(path, options);
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error || answer.responseMessage);
    return answer;
  }

  async function sign(request) {
    const headers = request.headers;
    const signed = await ask("sign", { client_key: headers["X-CLIENT-KEY"], mistake: form.elements.mistake.value });
    headers["X-TIMESTAMP"] = signed.timestamp;
    headers["X-SIGNATURE"] = signed.signature;
    told.textContent = "Signed: " + JSON.stringify(signed.string_to_sign);
  }

  async function beforeSending(request) {
    if (request.loadSpec) return request;
    sent = request;
    told.textContent = outcome.textContent = "";
    try {
      if (form.elements.sign.checked) await sign(request);
    } catch (error) {
      told.textContent = "Not signed: " + error.message;
    }
    return request;
  }

  function question(request) {
    const url = new URL(request.url, location.href);
    return {
      method: request.method.toUpperCase(),
      target: url.pathname + url.search,
      headers: Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      body: typeof request.body === "string" ? request.body : "",
      lang,
    };
  }

  async function explanation(request) {
    try {
      return await ask("explain", question(request));
    } catch (error) {
      return { verdict: "no explanation", advice: error.message };
    }
  }

  // Swagger UI keeps the explanation with the answer, so the one is never shown under another.
  async function afterAnswer(response) {
    if (!sent) return response;
    if (REFUSALS.has(response.status)) response.explanation = await explanation(sent);
    outcome.textContent = [response.status, response.explanation?.verdict].filter(Boolean).join(" · ");
    return response;
  }

  function isEmpty(value) {
    return value === undefined || value === null || (typeof value === "object" && Object.values(value).every(isEmpty));
  }

  // Texts as they are, lists and objects as lists: whatever the explanation says is shown.
  function shown(React, value) {
    if (value === null || typeof value !== "object") return String(value);
    const items = Array.isArray(value)
      ? value.map((each) => shown(React, each))
      : Object.entries(value)
          .filter(([, each]) => !isEmpty(each))
          .map(([name, each]) => React.createElement(React.Fragment, null, React.createElement("b", null, name, ": "), shown(React, each)));
    return React.createElement("ul", null, items.map((each, place) => React.createElement("li", { key: place }, each)));
  }

  function part(React, name, value) {
    if (isEmpty(value)) return null;
    return React.createElement("div", { key: name, className: "part " + name }, shown(React, value));
  }

  function explained(React, found) {
    if (!found) return null;
    const { verdict: name, ...rest } = found.toJS();
    return React.createElement(
      "section",
      { id: "verdict", role: "alert", lang },
      React.createElement("h4", null, why, React.createElement("code", null, name)),
      ["says", "advice", "also", "evidence"].map((each) => part(React, each, rest[each])),
    );
  }

  // Under Swagger UI's own account of the answer.
  const Verdicts = () => ({
    wrapComponents: {
      liveResponse: (Original, { React }) => (props) =>
        React.createElement(
          "div",
          null,
          React.createElement(Original, props),
          explained(React, props.response.get("explanation")),
        ),
    },
  });

  form.elements.sign.addEventListener("change", () => {
    document.getElementById("ways").disabled = !form.elements.sign.checked;
    document.getElementById("what").hidden = !form.elements.sign.checked;
    document.getElementById("what-not").hidden = form.elements.sign.checked;
    told.textContent = outcome.textContent = "";
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    validatorUrl: null,
    docExpansion: "full",
    defaultModelsExpandDepth: 0,
    plugins: [Verdicts],
    requestInterceptor: beforeSending,
    responseInterceptor: afterAnswer,
  });
})();
