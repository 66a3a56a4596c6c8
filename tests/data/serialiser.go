// Serialises JSON from standard input as a Go program does. The argument names the way.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
)

type amount struct {
	Value    string `json:"value"`
	Currency string `json:"currency"`
}

type inquiry struct {
	CustomerNo string                 `json:"customerNo"`
	Name       string                 `json:"virtualAccountName"`
	Amount     amount                 `json:"paidAmount"`
	Info       map[string]interface{} `json:"additionalInfo"`
	Items      []string               `json:"items"`
	URL        string                 `json:"url"`
	Rate       float64                `json:"rate"`
	Total      float64                `json:"total"`
	Note       string                 `json:"note,omitempty"`
	None       *string                `json:"none"`
}

func fail(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	body, err := io.ReadAll(os.Stdin)
	fail(err)
	var written []byte
	switch os.Args[1] {
	case "map":
		var value interface{}
		fail(json.Unmarshal(body, &value))
		written, err = json.Marshal(value)
	case "struct":
		var value inquiry
		fail(json.Unmarshal(body, &value))
		written, err = json.Marshal(value)
	case "indent":
		var buffer bytes.Buffer
		err = json.Indent(&buffer, body, "", "  ")
		written = buffer.Bytes()
	case "encoder":
		var value interface{}
		fail(json.Unmarshal(body, &value))
		var buffer bytes.Buffer
		err = json.NewEncoder(&buffer).Encode(value)
		written = buffer.Bytes()
	case "string":
		written, err = json.Marshal(string(body))
	case "html":
		var buffer bytes.Buffer
		json.HTMLEscape(&buffer, body)
		written = buffer.Bytes()
	}
	fail(err)
	os.Stdout.Write(written)
}
