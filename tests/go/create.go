package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"time"
)

// A create body like moby's, with a field of every kind that moby's has. The structs are written out here by hand, so
// that what plimsoll reads from its schema is held against something else.

type strSlice []string

// UnmarshalJSON is that of moby's strslice.StrSlice.
func (e *strSlice) UnmarshalJSON(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	p := make([]string, 0, 1)
	if err := json.Unmarshal(b, &p); err != nil {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		p = append(p, s)
	}
	*e = p
	return nil
}

type HealthConfig struct {
	Test     []string      `json:",omitempty"`
	Interval time.Duration `json:",omitempty"`
	Retries  int           `json:",omitempty"`
}

type Config struct {
	Hostname     string
	Tty          bool
	ExposedPorts map[string]struct{}
	Env          []string
	Cmd          strSlice
	Healthcheck  *HealthConfig `json:",omitempty"`
	Image        string
	Volumes      map[string]struct{}
	Entrypoint   strSlice
	Labels       map[string]string
	StopTimeout  *int `json:",omitempty"`
}

type LogConfig struct {
	Type   string
	Config map[string]string
}

type PortBinding struct {
	HostIP   string `json:"HostIp"`
	HostPort string
}

type WeightDevice struct {
	Path   string
	Weight uint16
}

type ThrottleDevice struct {
	Path string
	Rate uint64
}

type DeviceRequest struct {
	Driver       string
	Count        int
	DeviceIDs    []string
	Capabilities [][]string
	Options      map[string]string
}

type BindOptions struct {
	Propagation  string `json:",omitempty"`
	NonRecursive bool   `json:",omitempty"`
}

type Driver struct {
	Name    string            `json:",omitempty"`
	Options map[string]string `json:",omitempty"`
}

type VolumeOptions struct {
	NoCopy       bool              `json:",omitempty"`
	Labels       map[string]string `json:",omitempty"`
	DriverConfig *Driver           `json:",omitempty"`
}

type TmpfsOptions struct {
	SizeBytes int64  `json:",omitempty"`
	Mode      uint32 `json:",omitempty"`
}

type Mount struct {
	Type          string         `json:",omitempty"`
	Source        string         `json:",omitempty"`
	Target        string         `json:",omitempty"`
	ReadOnly      bool           `json:",omitempty"`
	BindOptions   *BindOptions   `json:",omitempty"`
	VolumeOptions *VolumeOptions `json:",omitempty"`
	TmpfsOptions  *TmpfsOptions  `json:",omitempty"`
}

type HostConfig struct {
	Binds              []string
	LogConfig          LogConfig
	NetworkMode        string
	PortBindings       map[string][]PortBinding
	VolumeDriver       string
	ConsoleSize        [2]uint
	CapAdd             strSlice
	Privileged         bool
	Tmpfs              map[string]string `json:",omitempty"`
	ShmSize            int64
	CPUShares          int64 `json:"CpuShares"`
	Memory             int64
	BlkioWeight        uint16
	BlkioWeightDevice  []*WeightDevice
	BlkioDeviceReadBps []*ThrottleDevice
	CpusetCpus         string
	DeviceRequests     []DeviceRequest
	MemorySwap         int64
	MemorySwappiness   *int64
	OomKillDisable     *bool
	Mounts             []Mount `json:",omitempty"`
	Init               *bool   `json:",omitempty"`
}

type ContainerConfigWrapper struct {
	*Config
	InnerHostConfig *HostConfig `json:"HostConfig,omitempty"`
	Cpuset          string      `json:",omitempty"`
	*HostConfig
}

// decode is moby's decodeContainerConfig up to getHostConfig: what it hands on, or what it says.
func decode(body string) (effective map[string]any, problem string) {
	var w ContainerConfigWrapper
	dec := json.NewDecoder(strings.NewReader(body))
	if err := dec.Decode(&w); err != nil {
		if err.Error() == "EOF" {
			return nil, "invalid JSON: got EOF while reading request body"
		}
		return nil, "invalid JSON: " + err.Error()
	}
	if dec.More() {
		return nil, "unexpected content after JSON"
	}
	hc := w.InnerHostConfig
	if outer := w.HostConfig; hc == nil {
		hc = outer
	} else if outer != nil {
		if outer.Memory != 0 && hc.Memory == 0 {
			hc.Memory = outer.Memory
		}
		if outer.MemorySwap != 0 && hc.MemorySwap == 0 {
			hc.MemorySwap = outer.MemorySwap
		}
		if outer.CPUShares != 0 && hc.CPUShares == 0 {
			hc.CPUShares = outer.CPUShares
		}
		if outer.CpusetCpus != "" && hc.CpusetCpus == "" {
			hc.CpusetCpus = outer.CpusetCpus
		}
		if outer.VolumeDriver != "" && hc.VolumeDriver == "" {
			hc.VolumeDriver = outer.VolumeDriver
		}
	}
	if hc != nil {
		if w.Cpuset != "" && hc.CpusetCpus == "" {
			hc.CpusetCpus = w.Cpuset
		}
		if hc.NetworkMode == "" {
			hc.NetworkMode = "default"
		}
	}
	return map[string]any{"Config": nonZero(reflect.ValueOf(w.Config)), "HostConfig": nonZero(reflect.ValueOf(hc))}, ""
}

// nonZero is a struct as JSON without the members that are zero.
func nonZero(v reflect.Value) any {
	if v.IsNil() {
		return nil
	}
	v = v.Elem()
	out := map[string]any{}
	for i := 0; i < v.NumField(); i++ {
		field, tag := v.Field(i), v.Type().Field(i).Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if name == "" {
			name = v.Type().Field(i).Name
		}
		text, err := json.Marshal(field.Interface())
		if err != nil {
			panic(err)
		}
		var value any
		dec := json.NewDecoder(strings.NewReader(string(text)))
		dec.UseNumber()
		if err := dec.Decode(&value); err != nil {
			panic(err)
		}
		pointer := field.Kind() == reflect.Pointer && !field.IsNil()
		if pointer || !(blank(value) || (field.Kind() == reflect.Struct || field.Kind() == reflect.Array) && allBlank(value)) {
			out[name] = value
		}
	}
	return out
}

func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case json.Number:
		return v == "0"
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func allBlank(v any) bool {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if !blank(e) {
				return false
			}
		}
		return true
	case map[string]any:
		for _, e := range v {
			if !blank(e) {
				return false
			}
		}
		return true
	}
	return false
}

// body makes the text of a create body: keys in any spelling, twice, unknown, values null or of the wrong type.
type writer struct {
	r *rand.Rand
	b strings.Builder
}

func body(r *rand.Rand) string {
	w := &writer{r: r}
	w.record(reflect.TypeOf(ContainerConfigWrapper{}), 0)
	text := w.b.String()
	switch r.Intn(40) {
	case 0: // cut off, or followed by something
		text = text[:r.Intn(len(text)+1)]
	case 1:
		text += pick(r, []string{" ", "x", "{}", "]", "}", "\n null"})
	case 2: // one byte changed
		at := r.Intn(len(text))
		text = text[:at] + pick(r, []string{",", ":", "\"", "}", "0", " ", "\\", "e"}) + text[at+1:]
	}
	return strings.ToValidUTF8(text, "?")
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.Intn(len(from))] }

type member struct {
	name string
	ty   reflect.Type
}

// members are the keys of an object, those of embedded structs among them.
func members(t reflect.Type) (out []member) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, members(f.Type.Elem())...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		out = append(out, member{name, f.Type})
	}
	return out
}

func (w *writer) record(t reflect.Type, depth int) {
	all := members(t)
	w.b.WriteByte('{')
	n := w.r.Intn(6)
	if depth == 0 {
		n += 2
	}
	used := []member{}
	for i := 0; i < n; i++ {
		if i > 0 {
			w.b.WriteString(pick(w.r, []string{",", ", ", ",\n "}))
		}
		if len(all) == 0 || w.r.Intn(12) == 0 {
			fmt.Fprintf(&w.b, "%q:", pick(w.r, []string{"x", "", "Config", "hostConfig ", "Volume"}))
			w.any(2)
			continue
		}
		m := pick(w.r, all)
		if depth == 0 && w.r.Intn(3) == 0 {
			m = member{"HostConfig", reflect.TypeOf(&HostConfig{})}
		}
		if len(used) > 0 && w.r.Intn(3) == 0 {
			m = pick(w.r, used)
		}
		used = append(used, m)
		w.b.WriteString(w.spelt(m.name) + ":")
		w.value(m.ty, depth+1)
	}
	w.b.WriteByte('}')
}

// spelt is a key as people and attackers spell it.
func (w *writer) spelt(name string) string {
	if w.r.Intn(3) > 0 {
		return `"` + name + `"`
	}
	var out strings.Builder
	for _, c := range name {
		switch s := string(c); w.r.Intn(8) {
		case 0:
			out.WriteString(strings.ToUpper(s))
		case 1:
			out.WriteString(strings.ToLower(s))
		case 2:
			switch strings.ToLower(s) {
			case "s":
				out.WriteString("\u017f")
			case "k":
				out.WriteString("\u212a")
			default:
				fmt.Fprintf(&out, `\u%04x`, c)
			}
		default:
			out.WriteString(s)
		}
	}
	return `"` + out.String() + `"`
}

func (w *writer) value(t reflect.Type, depth int) {
	switch w.r.Intn(16) {
	case 0:
		w.b.WriteString("null")
		return
	case 1:
		if w.r.Intn(3) == 0 {
			w.any(2)
			return
		}
	}
	if depth > 8 {
		w.b.WriteString("null")
		return
	}
	if t == reflect.TypeOf(strSlice{}) && w.r.Intn(3) == 0 {
		w.text()
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		w.value(t.Elem(), depth)
	case reflect.Struct:
		w.record(t, depth)
	case reflect.Bool:
		w.b.WriteString(pick(w.r, []string{"true", "false"}))
	case reflect.String:
		w.text()
	case reflect.Slice, reflect.Array:
		w.b.WriteByte('[')
		for i, n := 0, w.r.Intn(4); i < n; i++ {
			if i > 0 {
				w.b.WriteByte(',')
			}
			w.value(t.Elem(), depth+1)
		}
		w.b.WriteByte(']')
	case reflect.Map:
		w.b.WriteByte('{')
		for i, n := 0, w.r.Intn(4); i < n; i++ {
			if i > 0 {
				w.b.WriteByte(',')
			}
			fmt.Fprintf(&w.b, "%q:", pick(w.r, []string{"a", "A", "b", "80/tcp", ""}))
			w.value(t.Elem(), depth+1)
		}
		w.b.WriteByte('}')
	default:
		w.b.WriteString(pick(w.r, []string{"0", "1", "-1", "7", "65535", "65536", "4294967296", "9223372036854775807",
			"9223372036854775808", "-9223372036854775808", "1.5", "1e3", "-0", "512", "6291456"}))
	}
}

func (w *writer) text() {
	w.b.WriteString(pick(w.r, []string{`""`, `"a"`, `"sh"`, `"\u0041"`, `"a b"`, `"é"`, `"\ud800"`, `"\n"`, `"/x"`, `"k=v"`}))
}

func (w *writer) any(depth int) {
	switch n := w.r.Intn(8); {
	case n == 0 && depth > 0:
		w.b.WriteByte('[')
		w.any(depth - 1)
		w.b.WriteByte(']')
	case n == 1 && depth > 0:
		w.b.WriteString(`{"k":`)
		w.any(depth - 1)
		w.b.WriteByte('}')
	default:
		w.b.WriteString(pick(w.r, []string{"null", "true", "1", "-2.5", `"x"`, "[]", "{}"}))
	}
}
