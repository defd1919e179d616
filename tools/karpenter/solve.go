package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/options"
)

const (
	karpenterModule = "sigs.k8s.io/karpenter"
	candidates      = 5 // nodes that the scheduler tries at once, as its own benchmark does
)

func solve(ctx context.Context, problem *Problem) (*Answer, error) {
	log.SetLogger(logr.Discard())
	ctx = options.ToContext(injection.WithControllerName(ctx, "provisioner"), &options.Options{
		PreferencePolicy: options.PreferencePolicyRespect,
		MinValuesPolicy:  options.MinValuesPolicyStrict,
	})
	pods := problem.pendingPods()
	scheduler, err := newScheduler(ctx, problem, pods)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	results, err := scheduler.Solve(ctx, pods)
	elapsed := time.Since(started)
	if err != nil {
		return nil, fmt.Errorf("scheduling: %w", err)
	}
	answer := &Answer{Version: version(), Seconds: elapsed.Seconds(), Nodes: []Node{}, Unscheduled: map[string]int{}}
	for pod := range results.PodErrors {
		answer.Unscheduled[pod.Labels[nameLabel]]++
	}
	for _, claim := range results.NewNodeClaims {
		node, price, err := cheapest(problem, claim)
		if err != nil {
			return nil, err
		}
		answer.Nodes = append(answer.Nodes, node)
		answer.Cost += price
	}
	return answer, nil
}

func newScheduler(ctx context.Context, problem *Problem, pods []*corev1.Pod) (*scheduling.Scheduler, error) {
	client := fake.NewClientBuilder().Build()
	pools := problem.nodePools()
	types := map[string][]*cloudprovider.InstanceType{}
	for _, pool := range pools {
		types[pool.Name] = problem.instanceTypes()
	}
	// No cloud provider: it is asked about nodes that exist, and there are none.
	cluster := state.NewCluster(clock.RealClock{}, client, nil)
	at := scheduling.NumConcurrentReconciles(candidates)
	topology, err := scheduling.NewTopology(ctx, client, cluster, nil, pools, types, pods, at)
	if err != nil {
		return nil, fmt.Errorf("topology: %w", err)
	}
	recorder := events.NewRecorder(&record.FakeRecorder{})
	return scheduling.NewScheduler(
		ctx, client, pools, cluster, nil, topology, types, nil, recorder, clock.RealClock{}, nil, nil, at,
	), nil
}

// cheapest is what a launch would buy: the scheduler leaves every type that holds the node's pods, and the cloud is
// asked for the lowest price among them. Equal prices are settled by name, so that the answer is the same every time.
func cheapest(problem *Problem, claim *scheduling.NodeClaim) (Node, float64, error) {
	node := Node{Pods: map[string]int{}}
	price := 0.0
	for _, machine := range claim.InstanceTypeOptions {
		for _, offering := range machine.Offerings.Available().Compatible(claim.Requirements) {
			better := node.Type == "" || offering.Price < price ||
				(offering.Price == price && machine.Name < node.Type) ||
				(offering.Price == price && machine.Name == node.Type &&
					slices.Index(problem.Zones, offering.Zone()) < slices.Index(problem.Zones, node.Zone))
			if better {
				node.Type, node.Zone, price = machine.Name, offering.Zone(), offering.Price
			}
		}
	}
	if node.Type == "" {
		return node, 0, fmt.Errorf("the scheduler planned a node that no type fits")
	}
	for _, pod := range claim.Pods {
		node.Pods[pod.Labels[nameLabel]]++
	}
	return node, price, nil
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == karpenterModule {
			return module.Version
		}
	}
	return "unknown"
}
