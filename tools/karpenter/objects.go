package main

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	karpenterv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/scheduling"
)

const (
	selectionLabel = "groundswell.invalid/selection"
	nameLabel      = "groundswell.invalid/pods"
	groupTaint     = "groundswell.invalid/group"
)

func mebibytes(amount int64) resource.Quantity {
	return *resource.NewQuantity(amount<<20, resource.BinarySI)
}

func list(amounts Amounts) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(amounts.CPU, resource.DecimalSI),
		corev1.ResourceMemory: mebibytes(amounts.Memory),
		corev1.ResourcePods:   *resource.NewQuantity(amounts.Pods, resource.DecimalSI),
	}
}

func capacityType(spot bool) string {
	if spot {
		return karpenterv1.CapacityTypeSpot
	}
	return karpenterv1.CapacityTypeOnDemand
}

// instanceTypes are the types with one offering per zone.
func (p *Problem) instanceTypes() []*cloudprovider.InstanceType {
	var all []*cloudprovider.InstanceType
	for _, machine := range p.Types {
		var offerings cloudprovider.Offerings
		var offered []string
		for _, zone := range p.Zones {
			if !slices.Contains(machine.Zones, zone) {
				continue
			}
			offered = append(offered, zone)
			offerings = append(offerings, &cloudprovider.Offering{
				Available: true,
				Price:     machine.Price,
				Requirements: scheduling.NewLabelRequirements(map[string]string{
					karpenterv1.CapacityTypeLabelKey: capacityType(machine.Spot),
					corev1.LabelTopologyZone:         zone,
				}),
			})
		}
		if len(offered) == 0 {
			continue
		}
		in := func(key string, values ...string) *scheduling.Requirement {
			return scheduling.NewRequirement(key, corev1.NodeSelectorOpIn, values...)
		}
		all = append(all, &cloudprovider.InstanceType{
			Name:      machine.Name,
			Offerings: offerings,
			Requirements: scheduling.NewRequirements(
				in(corev1.LabelInstanceTypeStable, machine.Name),
				in(corev1.LabelArchStable, karpenterv1.ArchitectureAmd64),
				in(corev1.LabelOSStable, string(corev1.Linux)),
				in(corev1.LabelTopologyZone, offered...),
				in(karpenterv1.CapacityTypeLabelKey, capacityType(machine.Spot)),
			),
			Capacity: list(machine.Capacity),
			Overhead: &cloudprovider.InstanceTypeOverhead{KubeReserved: list(machine.Overhead)},
		})
	}
	return all
}

// poolName is a name that Kubernetes accepts: groups are numbered in the order in which pods name them.
func poolName(index int) string { return fmt.Sprintf("pool-%d", index) }

func (p *Problem) groups() []string {
	var groups []string
	for _, pods := range p.Pods {
		if !slices.Contains(groups, pods.Group) {
			groups = append(groups, pods.Group)
		}
	}
	return groups
}

func taint(pool string) corev1.Taint {
	return corev1.Taint{Key: groupTaint, Value: pool, Effect: corev1.TaintEffectNoSchedule}
}

// nodePools are one pool per group, tainted so that groups never meet, without limits.
func (p *Problem) nodePools() []*karpenterv1.NodePool {
	var pools []*karpenterv1.NodePool
	for index := range p.groups() {
		pool := &karpenterv1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: poolName(index)}}
		pool.Spec.Template.Spec.Taints = []corev1.Taint{taint(pool.Name)}
		pool.Spec.Template.Spec.NodeClassRef = &karpenterv1.NodeClassReference{
			Group: "groundswell.invalid", Kind: "NodeClass", Name: "default",
		}
		pools = append(pools, pool)
	}
	return pools
}

// pendingPods are the pods as a Deployment would leave them: pending, with selectors and spread constraints.
func (p *Problem) pendingPods() []*corev1.Pod {
	groups := p.groups()
	var all []*corev1.Pod
	for _, pods := range p.Pods {
		for number := range pods.Count {
			all = append(all, pods.pod(number, poolName(slices.Index(groups, pods.Group))))
		}
	}
	return all
}

func (s Pods) pod(number int, pool string) *corev1.Pod {
	name := fmt.Sprintf("%s-%05d", s.Name, number)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:      name,
			Namespace: metav1.NamespaceDefault,
			UID:       types.UID(name), // the scheduler's last tie-break: the same problem has the same order
			Labels:    map[string]string{nameLabel: s.Name, selectionLabel: s.selection()},
		},
		Spec: corev1.PodSpec{
			NodeSelector: s.nodeSelector(pool),
			Tolerations: []corev1.Toleration{
				{Key: groupTaint, Operator: corev1.TolerationOpEqual, Value: pool, Effect: corev1.TaintEffectNoSchedule},
			},
			TopologySpreadConstraints: s.spread(),
			Containers: []corev1.Container{{
				Name: "service",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
					corev1.ResourceCPU:    *resource.NewMilliQuantity(s.CPU, resource.DecimalSI),
					corev1.ResourceMemory: mebibytes(s.Memory),
				}},
			}},
		},
		Status: corev1.PodStatus{
			Phase: corev1.PodPending,
			Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Reason: corev1.PodReasonUnschedulable, Status: corev1.ConditionFalse},
			},
		},
	}
	return pod
}

func (s Pods) selection() string {
	if s.Selection != "" {
		return s.Selection
	}
	return s.Name
}

func (s Pods) nodeSelector(pool string) map[string]string {
	selector := map[string]string{karpenterv1.NodePoolLabelKey: pool}
	if s.OnDemand {
		selector[karpenterv1.CapacityTypeLabelKey] = karpenterv1.CapacityTypeOnDemand
	}
	if s.Zone != "" {
		selector[corev1.LabelTopologyZone] = s.Zone
	}
	return selector
}

// spread turns the rules into topology spread. For host names the scheduler takes the least count as zero, because it
// can always add a node: a skew of k there is a cap of k pods on a node.
func (s Pods) spread() []corev1.TopologySpreadConstraint {
	var constraints []corev1.TopologySpreadConstraint
	rules := []struct {
		key  string
		skew int
	}{{corev1.LabelTopologyZone, s.ZoneSkew}, {corev1.LabelHostname, s.PerNode}}
	for _, rule := range rules {
		if rule.skew == 0 {
			continue
		}
		constraints = append(constraints, corev1.TopologySpreadConstraint{
			MaxSkew:           int32(rule.skew),
			TopologyKey:       rule.key,
			WhenUnsatisfiable: corev1.DoNotSchedule,
			LabelSelector:     &metav1.LabelSelector{MatchLabels: map[string]string{selectionLabel: s.selection()}},
		})
	}
	return constraints
}
