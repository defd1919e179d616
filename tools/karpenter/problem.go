package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Problem is what there is to pack and what may be bought.
type Problem struct {
	Zones []string `json:"zones"`
	Pods  []Pods   `json:"pods"`
	Types []Type   `json:"types"`
}

// Pods are equal pods of one service. CPU is in thousandths of a vCPU, memory in MiB, each pod.
type Pods struct {
	Name      string `json:"name"`
	CPU       int64  `json:"cpu_m"`
	Memory    int64  `json:"memory_mib"`
	Count     int    `json:"count"`
	PerNode   int    `json:"per_node"`  // the most of them on one node; 0 is no limit
	ZoneSkew  int    `json:"zone_skew"` // the largest difference between zones; 0 is no rule
	Zone      string `json:"zone"`      // the only zone they may run in; empty is any
	Group     string `json:"group"`     // pods of different groups never share a node
	OnDemand  bool   `json:"on_demand"` // never on machines bought as spot
	Selection string `json:"selection"` // what the rules count together; empty is the name
}

// Amounts are thousandths of a vCPU, MiB and pods.
type Amounts struct {
	CPU    int64 `json:"cpu_m"`
	Memory int64 `json:"memory_mib"`
	Pods   int64 `json:"pods"`
}

// Type is one thing that may be bought; what is left for pods is capacity less overhead, exactly.
type Type struct {
	Name     string   `json:"name"`
	Price    float64  `json:"price"` // USD per hour
	Zones    []string `json:"zones"`
	Spot     bool     `json:"spot"`
	Capacity Amounts  `json:"capacity"`
	Overhead Amounts  `json:"overhead"`
}

// Node is one machine of the answer with its pods by name.
type Node struct {
	Type string         `json:"type"`
	Zone string         `json:"zone"`
	Pods map[string]int `json:"pods"`
}

// Answer is what the scheduler decided.
type Answer struct {
	Version     string         `json:"version"` // of Karpenter, as it was built in
	Cost        float64        `json:"cost"`    // USD per hour
	Seconds     float64        `json:"seconds"` // of the scheduling alone: objects are made before the clock starts
	Nodes       []Node         `json:"nodes"`
	Unscheduled map[string]int `json:"unscheduled"`
}

func readProblem(in io.Reader) (*Problem, error) {
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	problem := &Problem{}
	if err := decoder.Decode(problem); err != nil {
		return nil, fmt.Errorf("the problem on standard input cannot be read: %w", err)
	}
	return problem, problem.validate()
}

func (p *Problem) validate() error {
	var found []error
	complain := func(format string, values ...any) { found = append(found, fmt.Errorf(format, values...)) }
	if len(p.Zones) == 0 || len(p.Pods) == 0 || len(p.Types) == 0 {
		complain("zones, pods and types must each have an entry")
	}
	names := map[string]bool{}
	for _, pods := range p.Pods {
		if pods.Name == "" || names[pods.Name] {
			complain("pods %q: the name must be there and be unique", pods.Name)
		}
		names[pods.Name] = true
		if pods.CPU < 0 || pods.Memory < 0 || pods.Count < 1 || pods.PerNode < 0 || pods.ZoneSkew < 0 {
			complain("pods %q: cpu_m, memory_mib, per_node and zone_skew must not be negative, count at least 1", pods.Name)
		}
		if pods.Zone != "" && !slices.Contains(p.Zones, pods.Zone) {
			complain("pods %q: zone %q is none of %s", pods.Name, pods.Zone, strings.Join(p.Zones, ", "))
		}
	}
	types := map[string]bool{}
	for _, machine := range p.Types {
		if machine.Name == "" || types[machine.Name] {
			complain("type %q: the name must be there and be unique", machine.Name)
		}
		types[machine.Name] = true
		if machine.Price <= 0 {
			complain("type %q: price %v: must be above 0", machine.Name, machine.Price)
		}
		free := machine.free()
		if min(free.CPU, free.Memory, free.Pods) < 0 {
			complain("type %q: the overhead is above the capacity", machine.Name)
		}
	}
	return errors.Join(found...)
}

func (t Type) free() Amounts {
	return Amounts{
		CPU:    t.Capacity.CPU - t.Overhead.CPU,
		Memory: t.Capacity.Memory - t.Overhead.Memory,
		Pods:   t.Capacity.Pods - t.Overhead.Pods,
	}
}
