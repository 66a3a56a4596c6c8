"use strict";

SwaggerUIBundle({
  spec: JSON.parse(document.getElementById("document").textContent),
  dom_id: "#swagger-ui",
  validatorUrl: null,
  docExpansion: "full",
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: [],
});
