package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"mime"
	"net"
	"net/netip"
	"strings"
)

// texts makes a text over an alphabet: half of them from pieces that look right.
func texts(r *rand.Rand, alphabet string, pieces []string) string {
	var out strings.Builder
	for n := r.Intn(12); n > 0; n-- {
		if r.Intn(2) == 0 {
			out.WriteByte(alphabet[r.Intn(len(alphabet))])
		} else {
			out.WriteString(pick(r, pieces))
		}
	}
	return out.String()
}

func ipText(r *rand.Rand) string {
	switch r.Intn(4) {
	case 0:
		return texts(r, "0123456789.", []string{"1.", "255", "256", "0.", ".0", "01"})
	case 1: // groups that add up
		n := 1 + r.Intn(9)
		groups := make([]string, n)
		for i := range groups {
			groups[i] = pick(r, []string{"", "0", "1", "ffff", "0db8", "00001", "10000", "g", "1.2.3.4", "FFFF"})
		}
		return strings.Join(groups, ":")
	case 2:
		return "::ffff:" + texts(r, "0123456789.:f", []string{"1.2.3.4", "102:304"})
	}
	return texts(r, "0123456789abcdefABF.:%/ ", []string{"::", "::ffff:", "1.2.3.4", "%eth0", "fe80", ":1", "1:"})
}

func prefixText(r *rand.Rand) string {
	return ipText(r) + pick(r, []string{"/", "/0", "/8", "/24", "/32", "/33", "/128", "/129", "/024", "/+8", "/-1", "", "/ 8", "/8/8"})
}

func mediaText(r *rand.Rand) string {
	if r.Intn(4) == 0 {
		return texts(r, "aJ/;= \"\\\t,*'", []string{"application", "json", "/", "; a=1", ";"})
	}
	base := pick(r, []string{"application/json", "Application/JSON", " application/json ", "text/plain", "application", "a/b/c", ""})
	for n := r.Intn(4); n > 0; n-- {
		base += pick(r, []string{";", " ; ", ";  "}) + pick(r, []string{"charset", "a", "A", "b*", "b*0", ""}) +
			pick(r, []string{"=", " = ", "", "=="}) + pick(r, []string{"1", "utf-8", `"x y"`, `"x\"y"`, `"`, `""`, "é", "2"})
	}
	return base
}

// question is a case for plimsoll and what Go says of it: a message, or nothing.
type question struct {
	line   map[string]any
	wanted string
	all    map[string]any
	// Go before 1.21, which the daemons were built with or later, answers otherwise.
	older bool
}

// What Go before 1.21 does otherwise: it refuses a parameter that stands twice with one value, and takes signs and
// leading zeros in the length of a prefix.
var (
	_, _, noTwice  = mime.ParseMediaType("a; b=1; b=1")
	_, refusesSign = netip.ParsePrefix("1.2.3.4/+8")
)

func endpoint(name, text string) question {
	field := map[string]any{name: text}
	input := map[string]any{"Cmd": []string{"sh"}, "NetworkingConfig": map[string]any{
		"EndpointsConfig": map[string]any{"n": map[string]any{"IPAMConfig": field}}}}
	ip := net.ParseIP(text)
	wanted := ""
	if name == "IPv4Address" && text != "" && ip.To4() == nil {
		wanted = "invalid IPv4 address: " + text
	}
	if name == "IPv6Address" && text != "" && (ip == nil || ip.To4() != nil) {
		wanted = "invalid IPv6 address: " + text
	}
	return question{line: map[string]any{"kind": "create", "profile": "moby-27", "input": input}, wanted: wanted}
}

// daemonField decodes a daemon.json with one field, as dockerd does.
func daemonField(key, text string, target any) question {
	document, err := json.Marshal(map[string]string{key: text})
	if err != nil {
		panic(err)
	}
	wanted := ""
	if err := json.Unmarshal(document, target); err != nil {
		wanted = err.Error()
	}
	return question{line: map[string]any{"kind": "daemon", "profile": "moby-28", "input": json.RawMessage(document)}, wanted: wanted}
}

// pool decodes an address pool, whose base is a netip.Prefix.
func pool(text string) question {
	document, err := json.Marshal(map[string]any{"default-address-pools": []any{map[string]any{"base": text, "size": 24}}})
	if err != nil {
		panic(err)
	}
	var target struct {
		Pools []struct {
			Base netip.Prefix `json:"base"`
		} `json:"default-address-pools"`
	}
	wanted := ""
	if err := json.Unmarshal(document, &target); err != nil {
		wanted = err.Error()
	}
	_, bits, _ := strings.Cut(text, "/")
	older := refusesSign == nil && (strings.ContainsAny(bits, "+-") || len(bits) > 1 && bits[0] == '0')
	line := map[string]any{"kind": "daemon", "profile": "moby-28", "input": json.RawMessage(document)}
	return question{line: line, wanted: wanted, older: older}
}

func header(text string) question {
	wanted := ""
	kind, _, err := mime.ParseMediaType(text)
	if err != nil {
		wanted = fmt.Sprintf("malformed Content-Type header (%s): %s", text, err)
	} else if kind != "application/json" {
		wanted = fmt.Sprintf("unsupported Content-Type header (%s): must be 'application/json'", text)
	}
	context := map[string]any{"request": map[string]any{"content_type": text}}
	return question{line: map[string]any{"kind": "create", "profile": "moby-27", "context": context,
		"input": map[string]any{"Cmd": []string{"sh"}}}, wanted: wanted,
		older: noTwice != nil && err != nil && strings.Contains(err.Error(), "duplicate")}
}

func questions(r *rand.Rand, kind string) question {
	switch kind {
	case "create":
		text := body(r)
		all, problem := decode(text)
		return question{line: map[string]any{"kind": "create", "profile": "moby-27", "raw_base64": []byte(text)}, wanted: problem, all: all}
	case "ipv4":
		return endpoint("IPv4Address", ipText(r))
	case "ipv6":
		return endpoint("IPv6Address", ipText(r))
	case "ip":
		return daemonField("default-gateway", ipText(r), &struct {
			IP net.IP `json:"default-gateway"`
		}{})
	case "prefix":
		return pool(prefixText(r))
	}
	return header(mediaText(r))
}
