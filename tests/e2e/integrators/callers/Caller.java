// Call a server with the Java clients that openapi-generator made, and print what they parsed. Argument: a plan.

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import internalapi.model.CallRefusal;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.LinkedHashMap;
import java.util.Map;
import tokenapi.model.AccessToken;
import tokenapi.model.AccessTokenRequest;
import tokenapi.model.TokenRefusal;

public final class Caller {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final JsonNode plan;
    private final JsonNode request;
    private final JsonNode call;
    private final Map<String, String> secret;
    private final Map<String, String> proxy;
    private final tokenapi.api.AccessTokenApi publicTokens;
    private final internalapi.api.AccessTokenApi tokens;

    private Caller(JsonNode plan) {
        this.plan = plan;
        request = plan.get("token");
        call = plan.get("call");
        String bearer = "Bearer " + plan.get("secret").asText();
        secret = Map.of("Authorization", bearer);
        proxy = Map.of(
            "X-Internal-Authorization", bearer, "Authorization", "Bearer " + call.get("token").asText());
        var publicClient = new tokenapi.ApiClient();
        publicClient.updateBaseUri(plan.get("public").asText());
        publicTokens = new tokenapi.api.AccessTokenApi(publicClient);
        tokens = new internalapi.api.AccessTokenApi(internalClient());
    }

    private internalapi.ApiClient internalClient() {
        var client = new internalapi.ApiClient();
        client.updateBaseUri(plan.get("internal").asText());
        return client;
    }

    private AccessToken issue(String signature) throws tokenapi.ApiException {
        var body = new AccessTokenRequest().grantType(AccessTokenRequest.GrantTypeEnum.CLIENT_CREDENTIALS);
        return publicTokens.issueAccessToken(
            request.get("timestamp").asText(), request.get("clientKey").asText(), signature, body);
    }

    private Map<String, String> refusalOfToken() throws JsonProcessingException {
        try {
            issue(request.get("forgedSignature").asText());
        } catch (tokenapi.ApiException refused) {
            var parsed = JSON.readValue(refused.getResponseBody(), TokenRefusal.class);
            return refusal(parsed.getResponseCode(), parsed.getResponseMessage());
        }
        throw new AssertionError();
    }

    /** The library `native` writes a body of bytes as JSON (openapi-generator #17801), so the interceptor sends it. */
    private internalapi.ApiResponse<Void> authorize(String body) throws internalapi.ApiException {
        var client = internalClient().setRequestInterceptor(sent -> sent.POST(BodyPublishers.ofString(body)));
        return new internalapi.api.CallsApi(client).authorizeCallWithHttpInfo(
            call.get("method").asText(), call.get("uri").asText(), call.get("timestamp").asText(),
            call.get("signature").asText(), null, call.get("partnerId").asText(), call.get("externalId").asText(),
            null, null, null, null, proxy);
    }

    private Map<String, String> refusalOfCall(String body) throws JsonProcessingException {
        try {
            authorize(body);
        } catch (internalapi.ApiException refused) {
            var parsed = JSON.readValue(refused.getResponseBody(), CallRefusal.class);
            return refusal(parsed.getResponseCode(), parsed.getResponseMessage());
        }
        throw new AssertionError();
    }

    private static Map<String, String> refusal(String code, String message) {
        return Map.of("responseCode", code, "responseMessage", message);
    }

    private boolean active(String token) throws internalapi.ApiException {
        return tokens.introspectToken(token, secret).getActive();
    }

    private Map<String, Object> report() throws Exception {
        var issued = issue(request.get("signature").asText());
        var status = tokens.introspectToken(issued.getAccessToken(), secret);
        var genuine = authorize(call.get("body").asText());
        var report = new LinkedHashMap<String, Object>();
        report.put("token", Map.of(
            "responseCode", issued.getResponseCode().getValue(), "tokenType", issued.getTokenType().getValue(),
            "expiresIn", issued.getExpiresIn()));
        report.put("refusal", refusalOfToken());
        report.put("active", Map.of(
            "active", status.getActive(), "client_id", status.getClientId(),
            "token_type", status.getTokenType().getValue()));
        report.put("genuine", Map.of(
            "status", genuine.getStatusCode(), "X-Client-Key", header(genuine, "x-client-key"),
            "X-External-Id", header(genuine, "x-external-id")));
        report.put("forged", refusalOfCall("{}"));
        report.put("repeated", refusalOfCall(call.get("body").asText()));
        tokens.revokeTokens(issued.getAccessToken(), null, secret);
        report.put("active after its revocation", active(issued.getAccessToken()));
        tokens.revokeTokens(null, request.get("clientKey").asText(), secret);
        report.put("active after its client's revocation", active(call.get("token").asText()));
        return report;
    }

    private static String header(internalapi.ApiResponse<Void> answer, String name) {
        return answer.getHeaders().get(name).get(0);
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println(JSON.writeValueAsString(new Caller(JSON.readTree(arguments[0])).report()));
    }
}
