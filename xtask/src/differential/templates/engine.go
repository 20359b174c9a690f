// Go's own text/template, asked by `cargo xtask differential templates`: JSON lines in, JSON lines out.
//
// The first line is the worlds: data by name. Each other line is a template and the world it is rendered with.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"text/template"
	"time"
)

type question struct{ Template, World string }

type answer struct {
	Text  string `json:"text"`
	Error string `json:"error,omitempty"`
}

func main() {
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	input.UseNumber()
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	encoder := json.NewEncoder(output)
	var worlds map[string]any
	check(input.Decode(&worlds))
	for name, world := range worlds {
		worlds[name] = value(world)
	}
	for input.More() {
		var asked question
		check(input.Decode(&asked))
		check(encoder.Encode(render(asked.Template, worlds[asked.World])))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render(text string, data any) (result answer) {
	parsed, err := template.New("t").Funcs(functions).Parse(text)
	if err != nil {
		return answer{Error: err.Error()}
	}
	written := &limited{}
	if err := parsed.Execute(written, data); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Text: written.String()}
}

// What is written, up to sixteen megabytes.
type limited struct{ strings.Builder }

func (l *limited) Write(bytes []byte) (int, error) {
	if l.Len()+len(bytes) > 1<<24 {
		return 0, errors.New("too long")
	}
	return l.Builder.Write(bytes)
}

// A JSON value as plugins have them: whole numbers are ints, and {"struct": {...}} is a struct with these fields.
func value(raw any) any {
	switch raw := raw.(type) {
	case json.Number:
		if whole, err := strconv.Atoi(raw.String()); err == nil {
			return whole
		}
		float, err := raw.Float64()
		check(err)
		return float
	case []any:
		items := make([]any, len(raw))
		for at, item := range raw {
			items[at] = value(item)
		}
		return items
	case map[string]any:
		if fields, is := raw["struct"].(map[string]any); is {
			return structure(fields)
		}
		entries := map[string]any{}
		for key, item := range raw {
			entries[key] = value(item)
		}
		return entries
	}
	return raw
}

func structure(raw map[string]any) any {
	var names []string
	for name := range raw {
		names = append(names, name)
	}
	sort.Strings(names)
	var fields []reflect.StructField
	var values []reflect.Value
	for _, name := range names {
		field := reflect.ValueOf(value(raw[name]))
		values = append(values, field)
		fields = append(fields, reflect.StructField{Name: name, Type: field.Type()})
	}
	made := reflect.New(reflect.StructOf(fields)).Elem()
	for at, field := range values {
		made.Field(at).Set(field)
	}
	return made.Interface()
}

// What the functions of templates take and give, as Packer has them; and `at` for layouts, `list` for lists.
var functions = template.FuncMap{
	"at": func(seconds, nanos int, layout string) string {
		return time.Unix(int64(seconds), int64(nanos)).UTC().Format(layout)
	},
	"list":  func(items ...any) []any { return items },
	"upper": strings.ToUpper,
	"lower": strings.ToLower,
	"split": func(text, separator string, at int) (string, error) {
		parts := strings.Split(text, separator)
		if at >= len(parts) {
			return "", errors.New("too few parts")
		}
		return parts[at], nil
	},
	"replace": func(old, new string, count int, text string) string {
		return strings.Replace(text, old, new, count)
	},
	"replace_all": func(old, new, text string) string { return strings.ReplaceAll(text, old, new) },
	"isotime": func(layout ...string) (string, error) {
		if len(layout) > 1 {
			return "", errors.New("too many layouts")
		}
		start := time.Unix(1700000000, 5000000).UTC()
		return start.Format(append(layout, time.RFC3339)[0]), nil
	},
	"timestamp":      func() string { return "1700000000" },
	"build_name":     func() (string, error) { return "web", nil },
	"build_type":     func() (string, error) { return "qemu", nil },
	"packer_version": func() (string, error) { return "1.16.0", nil },
	"user":           func(name string) (string, error) { return map[string]string{"region": "Here"}[name], nil },
	"env":            func(string) (string, error) { return "", errors.New("not here") },
	"sed":            func(string, string) (string, error) { return "", errors.New("removed") },
}
