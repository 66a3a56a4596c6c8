"use strict";

// The server signs each request of Swagger UI and explains each refusal. The private key stays on the server.
(() => {
  const form = document.getElementById("desk");
  const signedText = document.getElementById("signed");
  const outcome = document.getElementById("outcome");
  const [lang, why] = navigator.language.startsWith("id") ? ["id", "Penyebab: "] : ["en", "Why: "];
  // The statuses that a mistake in the request causes. A replay (409) and a server error need no explanation.
  const REFUSALS = new Set([400, 401, 404, 405, 415]);
  let lastRequest = null;

  async function post(path, data) {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) };
    const response = await fetch(path, options);
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error || answer.responseMessage);
    return answer;
  }

  async function sign(request) {
    const headers = request.headers;
    const signed = await post("sign", { client_key: headers["X-CLIENT-KEY"], mistake: form.elements.mistake.value });
    headers["X-TIMESTAMP"] = signed.timestamp;
    headers["X-SIGNATURE"] = signed.signature;
    signedText.textContent = "Signed: " + JSON.stringify(signed.string_to_sign);
  }

  async function beforeSending(request) {
    if (request.loadSpec) return request;
    lastRequest = request;
    signedText.textContent = outcome.textContent = "";
    try {
      if (form.elements.sign.checked) await sign(request);
    } catch (error) {
      signedText.textContent = "Not signed: " + error.message;
    }
    return request;
  }

  function refusedRequest(request) {
    const url = new URL(request.url, location.href);
    return {
      method: request.method.toUpperCase(),
      target: url.pathname + url.search,
      headers: Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      body: typeof request.body === "string" ? request.body : "",
      lang,
    };
  }

  async function explain(request) {
    try {
      return await post("explain", refusedRequest(request));
    } catch (error) {
      return { verdict: "no explanation", advice: error.message };
    }
  }

  // Swagger UI stores the explanation with its answer, so it never appears under another answer.
  async function afterAnswer(response) {
    if (!lastRequest) return response;
    if (REFUSALS.has(response.status)) response.explanation = await explain(lastRequest);
    outcome.textContent = [response.status, response.explanation?.verdict].filter(Boolean).join(" · ");
    return response;
  }

  function isEmpty(value) {
    return value === undefined || value === null || (typeof value === "object" && Object.values(value).every(isEmpty));
  }

  // Shows every value of the explanation: a text as text, and a list or an object as a list.
  function render(React, value) {
    if (value === null || typeof value !== "object") return String(value);
    const items = Array.isArray(value)
      ? value.map((each) => render(React, each))
      : Object.entries(value)
          .filter(([, each]) => !isEmpty(each))
          .map(([name, each]) => React.createElement(React.Fragment, null, React.createElement("b", null, name, ": "), render(React, each)));
    return React.createElement("ul", null, items.map((each, place) => React.createElement("li", { key: place }, each)));
  }

  function part(React, name, value) {
    if (isEmpty(value)) return null;
    return React.createElement("div", { key: name, className: "part " + name }, render(React, value));
  }

  function verdict(React, explanation) {
    if (!explanation) return null;
    const { verdict: name, ...rest } = explanation.toJS();
    return React.createElement(
      "section",
      { id: "verdict", role: "alert", lang },
      React.createElement("h4", null, why, React.createElement("code", null, name)),
      ["says", "advice", "also", "evidence"].map((each) => part(React, each, rest[each])),
    );
  }

  // Shows the verdict below the answer in Swagger UI.
  const Verdicts = () => ({
    wrapComponents: {
      liveResponse: (Original, { React }) => (props) =>
        React.createElement(
          "div",
          null,
          React.createElement(Original, props),
          verdict(React, props.response.get("explanation")),
        ),
    },
  });

  form.elements.sign.addEventListener("change", () => {
    document.getElementById("ways").disabled = !form.elements.sign.checked;
    document.getElementById("what").hidden = !form.elements.sign.checked;
    document.getElementById("what-not").hidden = form.elements.sign.checked;
    signedText.textContent = outcome.textContent = "";
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
