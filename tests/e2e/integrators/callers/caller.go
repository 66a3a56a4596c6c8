// Call a server with the Go clients that openapi-generator made, and print what they parsed. Argument: a plan.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"

	"caller/internalapi"
	"caller/tokenapi"
)

type plan struct {
	Public, Internal, Secret string
	Token                    struct{ Timestamp, ClientKey, Signature, ForgedSignature string }
	Call                     struct {
		Method, URI, Token, Timestamp, PartnerID, ExternalID, Signature, Body string
	}
}

type caller struct {
	plan
	token    *tokenapi.APIClient
	internal *internalapi.APIClient
}

func newCaller(argument string) caller {
	var read plan
	must(json.Unmarshal([]byte(argument), &read))
	token, internal := tokenapi.NewConfiguration(), internalapi.NewConfiguration()
	token.Servers = tokenapi.ServerConfigurations{{URL: read.Public}}
	internal.Servers = internalapi.ServerConfigurations{{URL: read.Internal}}
	return caller{read, tokenapi.NewAPIClient(token), internalapi.NewAPIClient(internal)}
}

func (c caller) issue(signature string) (*tokenapi.AccessToken, error) {
	issued, _, err := c.token.AccessTokenAPI.IssueAccessToken(context.Background()).
		XTIMESTAMP(c.Token.Timestamp).XCLIENTKEY(c.Token.ClientKey).XSIGNATURE(signature).
		AccessTokenRequest(*tokenapi.NewAccessTokenRequest("client_credentials")).Execute()
	return issued, err
}

func (c caller) withSecret() context.Context {
	return context.WithValue(context.Background(), internalapi.ContextAccessToken, c.Secret)
}

func (c caller) introspect(token string) *internalapi.TokenStatus {
	status, _, err := c.internal.AccessTokenAPI.IntrospectToken(c.withSecret()).Token(token).Execute()
	must(err)
	return status
}

func (c caller) authorize(body string) (*http.Response, error) {
	file, err := os.CreateTemp("", "body")
	must(err)
	defer os.Remove(file.Name())
	must(os.WriteFile(file.Name(), []byte(body), 0o600))
	keys := map[string]internalapi.APIKey{"ProxySecret": {Key: c.Secret, Prefix: "Bearer"}}
	ctx := context.WithValue(context.Background(), internalapi.ContextAPIKeys, keys)
	ctx = context.WithValue(ctx, internalapi.ContextAccessToken, c.Call.Token)
	return c.internal.CallsAPI.AuthorizeCall(ctx).
		XOriginalMethod(c.Call.Method).XOriginalURI(c.Call.URI).
		XTIMESTAMP(c.Call.Timestamp).XPARTNERID(c.Call.PartnerID).
		XSIGNATURE(c.Call.Signature).XEXTERNALID(c.Call.ExternalID).Body(file).Execute()
}

// refusal is what all parsed refusals have.
type refusal interface {
	GetResponseCode() string
	GetResponseMessage() string
}

func refusalOf(err error) map[string]string {
	var parsed refusal
	var ofToken *tokenapi.GenericOpenAPIError
	var ofCall *internalapi.GenericOpenAPIError
	if errors.As(err, &ofToken) {
		model := ofToken.Model().(tokenapi.TokenRefusal)
		parsed = &model
	} else if errors.As(err, &ofCall) {
		switch model := ofCall.Model().(type) {
		case internalapi.CallRefusal:
			parsed = &model
		case internalapi.InternalRefusal:
			parsed = &model
		}
	}
	return map[string]string{
		"responseCode": parsed.GetResponseCode(), "responseMessage": parsed.GetResponseMessage(),
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	c := newCaller(os.Args[1])
	issued, err := c.issue(c.Token.Signature)
	must(err)
	_, refused := c.issue(c.Token.ForgedSignature)
	active := c.introspect(issued.GetAccessToken())
	genuine, err := c.authorize(c.Call.Body)
	must(err)
	_, forged := c.authorize("{}")
	_, repeated := c.authorize(c.Call.Body)
	report := map[string]any{
		"token": map[string]string{
			"responseCode": issued.GetResponseCode(),
			"tokenType":    issued.GetTokenType(),
			"expiresIn":    issued.GetExpiresIn(),
		},
		"refusal": refusalOf(refused),
		"active": map[string]any{
			"active": active.GetActive(), "client_id": active.GetClientId(), "token_type": active.GetTokenType(),
		},
		"genuine": map[string]any{
			"status":        genuine.StatusCode,
			"X-Client-Key":  genuine.Header.Get("X-Client-Key"),
			"X-External-Id": genuine.Header.Get("X-External-Id"),
		},
		"forged":   refusalOf(forged),
		"repeated": refusalOf(repeated),
	}
	_, _, err = c.internal.AccessTokenAPI.RevokeTokens(c.withSecret()).Token(issued.GetAccessToken()).Execute()
	must(err)
	report["active after its revocation"] = c.introspect(issued.GetAccessToken()).GetActive()
	_, _, err = c.internal.AccessTokenAPI.RevokeTokens(c.withSecret()).ClientId(c.Token.ClientKey).Execute()
	must(err)
	report["active after its client's revocation"] = c.introspect(c.Call.Token).GetActive()
	must(json.NewEncoder(os.Stdout).Encode(report))
}
