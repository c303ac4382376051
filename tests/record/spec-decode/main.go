// Prints cases: documents in which one field after the other has a value of every kind, and what Go's decoder says of each.
//
// What is around the decoder is copied from containerd: pkg/process/utils.go readConfig and go-runc's Features (profile
// containerd-1.7), core/runtime/v2/task_manager.go validateRuntimeFeatures (containerd-2.1). Run by ../spec-decode.sh.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/opencontainers/runtime-spec/specs-go/features"
)

var values = []string{
	`1`, `-1`, `1.5`, `"x"`, `true`, `[]`, `{}`, `null`, `[1]`, `["a"]`, `[null]`, `[{}]`, `[[]]`, `{"a":1}`, `{"a":"b"}`,
	`{"a":{}}`, `4294967296`, `70000`, `1e400`, `18446744073709551615`, `-9223372036854775809`,
}

// Whole documents: syntax, and what stands around a value.
var texts = []string{
	"", " ", "{", "[", "nul", "null", "tru", `{"a":1} x`, `{"a":1}{`, `{"a":}`, `{"a" 1}`, "\xef\xbb\xbf{}", "{\"a\":\"\x01\"}",
	`{"hostname":"\ud800"}`, "{\"hostname\":\"\xff\"}", `{}]`, `{,}`, `[1,]`, `"x"`, `1`, `{"linux":1,"mounts":2}`, `{"a":1}/`, `01`, `-`,
	`{"mounts":[{"options":["a",1]}]}`, `{"linux":{"resources":{"blockIO":{"weightDevice":[{"major":"a"}]}}}}`,
}

// How many of the documents with one field are kept: with 21 values and a step of 10, each field and each value has its turn.
const step = 10

func walk(t reflect.Type, wrap func(string) string, emit func(string)) {
	switch t.Kind() {
	case reflect.Ptr:
		walk(t.Elem(), wrap, emit)
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			field := t.Field(i)
			if field.Anonymous {
				walk(field.Type, wrap, emit)
				continue
			}
			name := strings.Split(field.Tag.Get("json"), ",")[0]
			inside := func(value string) string { return wrap(`{"` + name + `":` + value + `}`) }
			for _, value := range values {
				emit(inside(value))
			}
			walk(field.Type, inside, emit)
		}
	case reflect.Slice:
		if kind := t.Elem().Kind(); kind == reflect.Struct || kind == reflect.Ptr {
			walk(t.Elem(), func(value string) string { return wrap(`[` + value + `]`) }, emit)
		}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Struct {
			walk(t.Elem(), func(value string) string { return wrap(`{"k":` + value + `}`) }, emit)
		}
	}
}

// What the shim of containerd 1.7 says, from validateRuncFeatures on.
func readConfig(text string) error {
	var spec *specs.Spec
	err := json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&spec)
	switch {
	case err != nil:
		err = fmt.Errorf("failed to parse config: %w", err)
	case spec == nil:
		err = errors.New("config cannot be null")
	default:
		return nil
	}
	return fmt.Errorf("failed to read config: %w", err)
}

// What the task manager of containerd 2.1 says.
func unmarshalTo(text string) error {
	var spec specs.Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return fmt.Errorf("failed to validate OCI runtime features: unmarshal spec: %w", err)
	}
	return nil
}

func main() {
	profile, out, count := os.Args[1], json.NewEncoder(os.Stdout), 0
	out.SetEscapeHTML(false)
	put := func(document []byte, context any, err error) {
		expect := map[string]any{"verdict": "allow"}
		if err != nil {
			expect = map[string]any{"verdict": "deny", "messages": []string{err.Error()}}
		}
		count++
		id := fmt.Sprintf("spec-decode-%s-%04d", strings.TrimPrefix(profile, "containerd-"), count)
		out.Encode(map[string]any{"id": id, "kind": "spec", "profile": profile, "raw_base64": document, "context": context, "expect": expect})
	}
	decode := map[string]func(string) error{"containerd-1.7": readConfig, "containerd-2.1": unmarshalTo}[profile]
	able := `{"linux":{"mountExtensions":{"idmap":{"enabled":true}}}}`
	told := map[string]any{"features": json.RawMessage(able)}
	for _, text := range texts {
		put([]byte(text), told, decode(text))
	}
	seen := 0
	some := func(emit func(string)) func(string) {
		return func(text string) {
			if seen++; seen%step == 0 {
				emit(text)
			}
		}
	}
	same := func(value string) string { return value }
	walk(reflect.TypeOf(specs.Spec{}), same, some(func(text string) { put([]byte(text), told, decode(text)) }))
	if profile != "containerd-1.7" {
		return
	}
	// The same for what the runtime prints, in front of which it says that it can map ids.
	mapped := []byte(`{"mounts":[{"uidMappings":[]}]}`)
	walk(reflect.TypeOf(features.Features{}), same, some(func(text string) {
		text = able[:len(able)-1] + "," + text[1:]
		var offer features.Features
		err := json.Unmarshal([]byte(text), &offer)
		if err != nil {
			err = fmt.Errorf("OCI runtime doesn't support idmap mounts: features command failed: %w", err)
		} else if offer.Linux == nil {
			return
		} else if idmap := offer.Linux.MountExtensions; idmap == nil || idmap.IDMap == nil || idmap.IDMap.Enabled == nil || !*idmap.IDMap.Enabled {
			return
		}
		put(mapped, map[string]any{"features_raw": map[string]any{"stdout": text, "exit": 0}}, err)
	}))
}
