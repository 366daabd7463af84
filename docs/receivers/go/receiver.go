// A webhook receiver in Go: verify, tell repeats, keep the order.
// Run with WEBHOOK_SECRET=whsec_… PORT=8080 go run .
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

type event struct {
	Type     string `json:"type"`
	Sequence int    `json:"sequence"`
	Data     struct {
		BotID string `json:"bot_id"`
	} `json:"data"`
}

type receiver struct {
	webhook *standardwebhooks.Webhook
	mutex   sync.Mutex
	seen    map[string]bool // in production: a unique key in your database, kept for some days
	next    map[string]int
}

func (r *receiver) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	if err != nil || r.webhook.Verify(body, request.Header) != nil { // the raw bytes, before any parsing
		response.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if id := request.Header.Get("webhook-id"); !r.seen[id] {
		r.seen[id] = true
		r.take(body)
	}
	response.WriteHeader(http.StatusNoContent) // for a repeat too, or it comes again
}

// Sequence is dense for each bot: a jump is an event that Earshot gave up on, after days of tries.
func (r *receiver) take(body []byte) {
	var found event
	if json.Unmarshal(body, &found) != nil {
		return
	}
	missing := max(0, found.Sequence-r.next[found.Data.BotID])
	r.next[found.Data.BotID] = max(found.Sequence+1, r.next[found.Data.BotID])
	fmt.Printf("{\"type\": %q, \"sequence\": %d, \"missing\": %d}\n", found.Type, found.Sequence, missing)
}

func main() {
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("WEBHOOK_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	handler := &receiver{webhook: webhook, seen: map[string]bool{}, next: map[string]int{}}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), handler))
}
