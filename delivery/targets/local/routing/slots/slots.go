// Package slots puts who asks into one of twenty slots, and stamps each request with the step that
// was in force when it was routed. Traefik interprets it; delivery/targets/split.py has the twin.
package slots

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
)

const (
	slots  = 20
	cookie = "delivery-client"
)

// Config is a delivery.targets.split.Split.
type Config struct {
	Attempt   string `json:"attempt,omitempty"`
	Step      int    `json:"step,omitempty"`
	Champion  string `json:"champion,omitempty"`
	Candidate string `json:"candidate,omitempty"`
	Share     int    `json:"share,omitempty"`
	Header    string `json:"header,omitempty"`
}

// CreateConfig is what Traefik fills.
func CreateConfig() *Config { return &Config{} }

type middleware struct {
	next   http.Handler
	config *Config
	stamp  string
}

// New makes the middleware.
func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	stamp := fmt.Sprintf("%.12s.%d.%d", config.Attempt, config.Step, config.Share)
	return &middleware{next, config, stamp}, nil
}

func (m *middleware) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	digest := sha256.Sum256([]byte(m.config.Attempt + "\n" + m.client(answer, request)))
	slot := binary.BigEndian.Uint32(digest[:4]) % slots
	request.Header.Set("X-Delivery-Step", m.stamp)
	request.Header.Set("X-Delivery-Slot", strconv.Itoa(int(slot)))
	request.Header.Set("X-Delivery-Entity", hex.EncodeToString(digest[4:12]))
	m.next.ServeHTTP(answer, request)
}

// client is who asks: by the header that settings name, or else by a cookie that it is given.
func (m *middleware) client(answer http.ResponseWriter, request *http.Request) string {
	if m.config.Header != "" {
		if name := request.Header.Get(m.config.Header); name != "" {
			return name
		}
	}
	if known, err := request.Cookie(cookie); err == nil && known.Value != "" {
		return known.Value
	}
	random := make([]byte, 12)
	if _, err := rand.Read(random); err != nil {
		return ""
	}
	name := hex.EncodeToString(random)
	http.SetCookie(answer, &http.Cookie{
		Name: cookie, Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return name
}
