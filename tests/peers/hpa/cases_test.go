package podautoscaler

// Random cases in the schema of tests/vectors, with what the controller's own code answers.
// usage: go test -args DIRECTORY SEED COUNT

import (
	"context"
	"encoding/json"
	"flag"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	autoscaling "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// The reader of the vectors takes 64 MiB a file.
const most = 5000

var selectAll, _ = labels.Parse(selected)

// What errors are about; the words of the rest differ.
func about(err error) string {
	for _, known := range []string{"missing request for", "did not receive metrics", "no pods returned by selector",
		"no metrics returned from resource metrics API", "no metrics returned from external metrics API", "no metrics returned from custom metrics API"} {
		if strings.Contains(err.Error(), known) {
			return known
		}
	}
	return ""
}

func tolerances(w *world) (Tolerances, object) {
	all := []float64{0, .01, .05, .1, .1, .1, .2}
	t := Tolerances{all[w.Intn(len(all))], all[w.Intn(len(all))]}
	return t, object{"down": t.scaleDown, "up": t.scaleUp}
}

func calculatorCase(r *rand.Rand) object {
	utilization, average := []int{10, 30, 50, 80, 100, 150}[r.Intn(6)], []int64{1, 10, 2222, 15000, 1000000}[r.Intn(5)]
	w := newWorld(r, utilization, average)
	calc := NewReplicaCalculator(w, w.podLister(), cpuInitialization, initialReadiness)
	tolerance, toleranceJSON := tolerances(w)
	current := int32(max(1, len(w.pods)+w.pick(0, 0, 0, -2, -1, 1, 3)))
	if w.chance(3) {
		current = 0
	}
	c := object{"test": "random", "current_replicas": current, "tolerance": toleranceJSON, "pods": w.podsJSON}
	expect := object{}
	var replicas, percent int32
	var usage int64
	var err error
	ctx := context.Background()
	switch kind := w.Intn(8); kind {
	case 0, 1, 2:
		container := ""
		if w.chance(25) {
			container = "container1"
		}
		c["resource"], c["container"], c["resource_metrics"] = "cpu", container, w.resourceJSON
		if kind == 2 {
			c["kind"], c["target_average_m"] = "resource_average_value", average
			replicas, usage, _, err = calc.GetRawResourceReplicas(ctx, current, average, v1.ResourceCPU, tolerance, namespace, selectAll, container)
			break
		}
		c["kind"], c["target_utilization_pct"] = "resource_utilization", utilization
		replicas, percent, usage, _, err = calc.GetResourceReplicas(ctx, current, int32(utilization), v1.ResourceCPU, tolerance, namespace, selectAll, container)
		expect["utilization_pct"], expect["raw_average_m"] = percent, usage
	case 3, 4:
		c["kind"], c["target_average_m"], c["pod_metric_values"] = "pods_average_value", average, w.valuesJSON
		replicas, usage, _, err = calc.GetMetricReplicas(current, average, "qps", tolerance, namespace, selectAll, nil)
	case 5:
		c["samples_m"] = []int64{w.objectValue}
		if w.chance(50) {
			target := average * int64(max(1, len(w.pods)))
			c["kind"], c["target_value_m"] = "object_value", target
			replicas, usage, _, err = calc.GetObjectMetricReplicas(current, target, "qps", tolerance, namespace, nil, selectAll, nil)
			break
		}
		c["kind"], c["target_average_m"] = "object_average_value", average
		replicas, usage, _, err = calc.GetObjectPerPodMetricReplicas(current, average, "qps", tolerance, namespace, nil, nil)
	default:
		c["samples_m"] = w.samples
		if w.chance(50) {
			target := average * int64(max(1, len(w.pods)))
			c["kind"], c["target_value_m"] = "external_value", target
			replicas, usage, _, err = calc.GetExternalMetricReplicas(current, target, "qps", tolerance, namespace, &metav1.LabelSelector{}, selectAll)
			break
		}
		c["kind"], c["target_average_m"] = "external_average_value", average
		replicas, usage, _, err = calc.GetExternalPerPodMetricReplicas(current, average, "qps", tolerance, namespace, &metav1.LabelSelector{})
	}
	if err != nil {
		c["expect"] = object{"error_contains": about(err)}
		return c
	}
	expect["replicas"] = replicas
	// The controller divides by the replicas; what a machine makes of x / 0 is none of its rules.
	if expect["raw_average_m"] == nil && current > 0 {
		expect["usage_m"] = usage
	}
	c["expect"] = expect
	return c
}

func (w *world) rules(up bool) (*autoscaling.HPAScalingRules, object) {
	var ret autoscaling.HPAScalingRules
	j := object{}
	if !up || w.chance(70) {
		window := int32(w.pick(0, 30, 60, 300, 3600))
		ret.StabilizationWindowSeconds, j["stabilization_window_s"] = &window, window
	}
	if w.chance(70) {
		choice := []autoscaling.ScalingPolicySelect{autoscaling.MaxChangePolicySelect, autoscaling.MinChangePolicySelect,
			autoscaling.DisabledPolicySelect}[w.pick(0, 0, 0, 1, 1, 1, 2)]
		ret.SelectPolicy, j["select_policy"] = &choice, string(choice)
	}
	if w.chance(80) {
		var list []object
		for range w.pick(1, 1, 2, 3) {
			p := autoscaling.HPAScalingPolicy{Type: autoscaling.PodsScalingPolicy, Value: int32(w.pick(1, 2, 4, 10)),
				PeriodSeconds: int32(w.pick(10, 15, 60, 300, 1800))}
			if w.chance(50) {
				p.Type, p.Value = autoscaling.PercentScalingPolicy, int32(w.pick(1, 10, 50, 100, 700))
			}
			ret.Policies = append(ret.Policies, p)
			list = append(list, object{"type": string(p.Type), "value": p.Value, "period_s": p.PeriodSeconds})
		}
		j["policies"] = list
	}
	return &ret, j
}

func (w *world) events() ([]timestampedScaleEvent, []object) {
	var ret []timestampedScaleEvent
	list := []object{}
	for range w.pick(0, 1, 2, 4) {
		change, age := int32(w.Intn(6)), w.age(400)
		ret = append(ret, timestampedScaleEvent{change, w.at(now - age).Time, false})
		list = append(list, object{"replica_change": change, "age_s": age})
	}
	return ret, list
}

func (w *world) recommendations() ([]timestampedRecommendation, []object) {
	var ret []timestampedRecommendation
	list := []object{}
	for range w.pick(0, 1, 2, 4, 8) {
		n, age := int32(w.Intn(15)), w.age(700)
		ret = append(ret, timestampedRecommendation{n, w.at(now - age).Time})
		list = append(list, object{"recommendation": n, "age_s": age})
	}
	return ret, list
}

func rateCase(r *rand.Rand) object {
	w := emptyWorld(r)
	low := w.Intn(5)
	high, current := low+w.Intn(20)+1, w.Intn(25)+1
	up, upJSON := w.rules(true)
	down, downJSON := w.rules(false)
	behavior := withDefaults(&autoscaling.HorizontalPodAutoscalerBehavior{ScaleUp: up, ScaleDown: down})
	upEvents, upEventsJSON := w.events()
	downEvents, downEventsJSON := w.events()
	args := NormalizationArg{Key: "k", ScaleUpBehavior: behavior.ScaleUp, ScaleDownBehavior: behavior.ScaleDown,
		MinReplicas: int32(low), MaxReplicas: int32(high), CurrentReplicas: int32(current), DesiredReplicas: int32(w.Intn(40))}
	a := &HorizontalController{scaleUpEvents: map[string][]timestampedScaleEvent{"k": upEvents},
		scaleDownEvents: map[string][]timestampedScaleEvent{"k": downEvents}}
	replicas, reason, _ := a.convertDesiredReplicasWithBehaviorRate(args)
	return object{"test": "random", "min": low, "max": high, "current": current, "desired": args.DesiredReplicas,
		"scale_up_rules": upJSON, "scale_down_rules": downJSON, "scale_up_events": upEventsJSON,
		"scale_down_events": downEventsJSON, "expect": object{"replicas": replicas, "reason": reason}}
}

func logOf(a *HorizontalController) []int32 {
	ret := []int32{}
	for _, rec := range a.recommendations["k"] {
		ret = append(ret, rec.recommendation)
	}
	return ret
}

func behaviorStabilizeCase(r *rand.Rand) object {
	w := emptyWorld(r)
	recommendations, list := w.recommendations()
	up, down := int32(w.pick(0, 30, 60, 300)), int32(w.pick(0, 60, 300, 600))
	args := NormalizationArg{Key: "k", CurrentReplicas: int32(w.Intn(15)), DesiredReplicas: int32(w.Intn(15)),
		ScaleUpBehavior:   &autoscaling.HPAScalingRules{StabilizationWindowSeconds: &up},
		ScaleDownBehavior: &autoscaling.HPAScalingRules{StabilizationWindowSeconds: &down}}
	a := &HorizontalController{recommendations: map[string][]timestampedRecommendation{"k": recommendations}}
	replicas, _, _ := a.stabilizeRecommendationWithBehaviors(args)
	return object{"test": "random", "recommendations": list, "current": args.CurrentReplicas, "desired": args.DesiredReplicas,
		"scale_up_window_s": up, "scale_down_window_s": down, "expect": object{"stabilized": replicas, "log": logOf(a)}}
}

func legacyStabilizeCase(r *rand.Rand) object {
	w := emptyWorld(r)
	recommendations, list := w.recommendations()
	window, desired := w.pick(0, 60, 300, 600), int32(w.Intn(15))
	a := &HorizontalController{recommendations: map[string][]timestampedRecommendation{"k": recommendations},
		downscaleStabilisationWindow: time.Duration(window) * time.Second}
	replicas := a.stabilizeRecommendation("k", desired)
	log := logOf(a)
	return object{"test": "random", "downscale_stabilization_s": window, "recommendations": list, "desired": desired,
		"expect": object{"stabilized": replicas, "log": log, "log_length": len(log)}}
}

func legacyClampCase(r *rand.Rand) object {
	current, desired, low := int32(r.Intn(30)), int32(r.Intn(60)), int32(r.Intn(6))
	high := low + int32(r.Intn(40)) + 1
	replicas, reason, _ := convertDesiredReplicasWithRules(current, desired, low, high)
	return object{"test": "random", "current": current, "desired": desired, "min": low, "max": high,
		"scale_up_limit_factor": 2, "scale_up_limit_minimum": 4, "expect": object{"replicas": replicas, "reason": reason}}
}

func requestsCase(r *rand.Rand) object {
	w := newWorld(r, 50, 10)
	container := ""
	if w.chance(30) {
		container = "container1"
	}
	requests, err := calculateRequests(w.pods, container, v1.ResourceCPU)
	c := object{"test": "random", "container": container, "resource": "cpu", "pods": w.podsJSON, "gate_PodLevelResources": true}
	if err != nil {
		return nil
	}
	c["expect"] = object{"requests_m": requests}
	return c
}

// The clock stands still in a bubble, except where a case sleeps: comparisons are exact on their edges too.
func TestCases(t *testing.T) {
	synctest.Test(t, writeCases)
}

func writeCases(t *testing.T) {
	args := flag.Args()
	if len(args) != 3 {
		t.Fatal("usage: go test -args DIRECTORY SEED COUNT")
	}
	seed, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		t.Fatalf("SEED: allowed are whole numbers: %v", err)
	}
	count, err := strconv.Atoi(args[2])
	if err != nil || count < 1 || count > most {
		t.Fatalf("COUNT: \"%s\": allowed are 1 to %d", args[2], most)
	}
	config := object{"tolerance": 0.1, "cpu_initialization_period_s": cpuInitialization.Seconds(),
		"initial_readiness_delay_s": initialReadiness.Seconds(), "downscale_stabilization_s": 300,
		"scale_up_limit_factor": 2, "scale_up_limit_minimum": 4}
	for name, one := range map[string]func(*rand.Rand) object{"replica_calculator": calculatorCase, "behavior_rate": rateCase,
		"behavior_stabilize": behaviorStabilizeCase, "legacy_stabilize": legacyStabilizeCase, "legacy_clamp": legacyClampCase,
		"calculate_requests": requestsCase, "reconcile": reconcileCase, "sequence": sequenceCase} {
		cases := []object{}
		for i := range count {
			c := one(rand.New(rand.NewSource(seed + int64(i))))
			if c == nil {
				continue
			}
			c["name"] = "seed " + strconv.FormatInt(seed+int64(i), 10)
			cases = append(cases, c)
		}
		text, err := json.Marshal(object{"schema": "hpa-vectors/" + name + "/1", "now": now, "config": config,
			"gate_defaults": object{"HPAScaleToZero": false, "HPAConfigurableTolerance": true}, "cases": cases})
		if err == nil {
			err = os.WriteFile(filepath.Join(args[0], name+".json"), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
