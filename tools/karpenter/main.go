// Command karpenter packs pods onto instance types with Karpenter's own provisioning scheduler, without a cluster.
//
// It reads one JSON problem on standard input and writes one JSON answer on standard output. The scheduler is the one
// that runs in a cluster when pods are pending; here it starts from no nodes, and nothing is launched. Consolidation,
// which Karpenter would run later on nodes that exist, is not part of it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "karpenter: %v\n", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	problem, err := readProblem(in)
	if err != nil {
		return err
	}
	answer, err := solve(context.Background(), problem)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(answer)
}
