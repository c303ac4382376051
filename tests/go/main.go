// Command go makes inputs, asks Go's own libraries and plimsoll, and says where they differ. See run.sh.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
)

type answer struct {
	Verdict  string
	Message  *string
	Resolved struct{ Effective map[string]any }
}

func main() {
	command := flag.String("plimsoll", "plimsoll", "the command to hold against Go")
	count := flag.Int("count", 100000, "inputs of each kind")
	seed := flag.Int64("seed", 1, "seed of the generator")
	flag.Parse()
	fmt.Printf("%s, seed %d\n", runtime.Version(), *seed)
	differences := 0
	for _, kind := range []string{"create", "ipv4", "ipv6", "ip", "prefix", "media"} {
		differences += hold(*command, kind, *count, rand.New(rand.NewSource(*seed)))
	}
	if differences > 0 {
		os.Exit(1)
	}
}

// hold asks both about inputs of one kind and gives the number of differences.
func hold(command, kind string, count int, r *rand.Rand) int {
	asked := make([]question, count)
	var lines bytes.Buffer
	for i := range asked {
		asked[i] = questions(r, kind)
		text, err := json.Marshal(asked[i].line)
		if err != nil {
			panic(err)
		}
		lines.Write(append(text, '\n'))
	}
	audit := exec.Command(command, "audit")
	audit.Stdin, audit.Stderr = &lines, os.Stderr
	out, err := audit.Output()
	if _, denied := err.(*exec.ExitError); err != nil && !denied {
		panic(err)
	}
	answers := bufio.NewScanner(bytes.NewReader(out))
	answers.Buffer(nil, 1<<24)
	refused, skipped, differences := 0, 0, 0
	for i, q := range asked {
		if !answers.Scan() {
			fmt.Printf("%s: only %d answers\n", kind, i)
			return differences + 1
		}
		dec := json.NewDecoder(bytes.NewReader(answers.Bytes()))
		dec.UseNumber()
		var a answer
		if err := dec.Decode(&a); err != nil {
			panic(err)
		}
		if q.older {
			skipped++
			continue
		}
		if q.wanted != "" {
			refused++
		}
		if problem := differs(kind, q, a); problem != "" {
			differences++
			if differences <= 5 {
				line, _ := json.Marshal(q.line)
				if raw, ok := q.line["raw_base64"].([]byte); ok {
					line = raw
				}
				fmt.Printf("%s: %s\n  input  %s\n  answer %s\n", kind, problem, line, answers.Text())
			}
		}
	}
	fmt.Printf("%-7s %d inputs, %d refused by Go, %d left out, %d differences\n", kind, count, refused, skipped, differences)
	return differences
}

func differs(kind string, q question, a answer) string {
	said := ""
	if a.Message != nil {
		said = *a.Message
	}
	if a.Verdict == "error" {
		return "not judged"
	}
	if kind != "create" {
		if said != q.wanted {
			return fmt.Sprintf("Go says %q", q.wanted)
		}
		return ""
	}
	if q.wanted != "" {
		// The structs here are of another package, and some types of theirs have no name of their own.
		if typeless(said) != typeless(q.wanted) {
			return fmt.Sprintf("Go says %q", q.wanted)
		}
		return ""
	}
	if !reflect.DeepEqual(normal(q.all), normal(a.Resolved.Effective)) {
		text, _ := json.Marshal(q.all)
		return "Go has " + string(text)
	}
	return ""
}

// typeless is a message without the Go type at its end.
func typeless(message string) string {
	before, _, _ := strings.Cut(message, " of type ")
	return before
}

// normal is a value after a trip through JSON. Rules count in 64 bits with a sign, so larger numbers are cut.
func normal(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	text = bytes.ReplaceAll(text, []byte("9223372036854775808"), []byte("9223372036854775807"))
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		panic(err)
	}
	return out
}
