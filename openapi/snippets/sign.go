// Signs as a SNAP client does. `go run sign.go` tries it with every vector of ../vectors.json.
package main

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// For your client: copy from here ...

var stringOrSpace = regexp.MustCompile(`("(?:[^"\\]|\\.)*")|[ \t\r\n]+`)

// minify removes the white space between the tokens of JSON. Every other byte stays.
func minify(body string) string {
	return stringOrSpace.ReplaceAllString(body, "$1")
}

// tokenString is the string to sign of a token request, an asymmetric call or a notification.
func tokenString(clientKey, timestamp string) string {
	return clientKey + "|" + timestamp
}

// callString is the string to sign of a symmetric call, and without a token that of a body-signed call.
func callString(method, url, token, body, timestamp string) string {
	hash := sha256.Sum256([]byte(minify(body)))
	parts := []string{method, url, hex.EncodeToString(hash[:]), timestamp}
	if token != "" {
		parts = []string{method, url, token, hex.EncodeToString(hash[:]), timestamp}
	}
	return strings.Join(parts, ":")
}

// sign is SHA256withRSA, in base64.
func sign(privateKey *rsa.PrivateKey, stringToSign string) (string, error) {
	hash := sha256.Sum256([]byte(stringToSign))
	signature, err := rsa.SignPKCS1v15(nil, privateKey, crypto.SHA256, hash[:])
	return base64.StdEncoding.EncodeToString(signature), err
}

// signSymmetric is HMAC-SHA512, in base64.
func signSymmetric(clientSecret, stringToSign string) string {
	mac := hmac.New(sha512.New, []byte(clientSecret))
	mac.Write([]byte(stringToSign))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// ... to here. The rest tries it.

type vector struct {
	Name         string
	ClientKey    string `json:"client_key"`
	Timestamp    string
	Method       string
	EndpointURL  string `json:"endpoint_url"`
	AccessToken  string `json:"access_token"`
	ClientSecret string `json:"client_secret"`
	Body         string
	StringToSign string `json:"string_to_sign"`
	Signature    string
}

type vectors struct {
	Vectors        []vector
	MustNotVerify  []vector `json:"must_not_verify"`
	WrongEncodings []vector `json:"wrong_encodings"`
}

// isMade says whether the functions above make the string and the signature of the vector.
func (v vector) isMade(privateKey *rsa.PrivateKey) bool {
	text := tokenString(v.ClientKey, v.Timestamp)
	if v.Method != "" {
		text = callString(v.Method, v.EndpointURL, v.AccessToken, v.Body, v.Timestamp)
	}
	signature, err := sign(privateKey, text)
	if v.ClientSecret != "" {
		signature = signSymmetric(v.ClientSecret, text)
	}
	return err == nil && text == v.StringToSign && signature == v.Signature && v.verifies(&privateKey.PublicKey)
}

// verifies says whether the signature of the vector is that of its string to sign.
func (v vector) verifies(publicKey *rsa.PublicKey) bool {
	if v.ClientSecret != "" {
		return v.Signature == signSymmetric(v.ClientSecret, v.StringToSign)
	}
	raw, err := base64.StdEncoding.DecodeString(v.Signature)
	// DecodeString ignores line breaks, so the signature is written again and compared.
	if err != nil || base64.StdEncoding.EncodeToString(raw) != v.Signature {
		return false
	}
	hash := sha256.Sum256([]byte(v.StringToSign))
	return rsa.VerifyPKCS1v15(publicKey, crypto.SHA256, hash[:], raw) == nil
}

func main() {
	folder := ".."
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	var all vectors
	must(json.Unmarshal(read(folder, "vectors.json"), &all))
	block, _ := pem.Decode(read(folder, "test-key-private.pem"))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	must(err)
	privateKey := key.(*rsa.PrivateKey)

	failed := 0
	for _, each := range all.Vectors {
		if !each.isMade(privateKey) {
			fmt.Println(each.Name)
			failed++
		}
	}
	wrong := append(all.MustNotVerify, all.WrongEncodings...)
	for _, each := range wrong {
		if each.verifies(&privateKey.PublicKey) {
			fmt.Println("must not verify:", each.Name)
			failed++
		}
	}
	if failed > 0 {
		os.Exit(1)
	}
	fmt.Printf("%d signatures are right, and %d wrong ones do not verify.\n", len(all.Vectors), len(wrong))
}

func read(folder, name string) []byte {
	content, err := os.ReadFile(filepath.Join(folder, name))
	must(err)
	return content
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
