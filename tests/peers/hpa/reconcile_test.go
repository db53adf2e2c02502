package podautoscaler

// Whole cycles of one HPA.

import (
	"context"
	"errors"
	"math/rand"
	"strings"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/kubernetes/fake"
	scalefake "k8s.io/client-go/scale/fake"
	core "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/record"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	autoscalingdefaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/monitor"
	consistencyutil "k8s.io/kubernetes/pkg/controller/util/consistency"
	"k8s.io/kubernetes/pkg/controller/util/selectors"
)

const key = namespace + "/test-hpa"

// As the API server fills in what an HPA leaves out.
func withDefaults(b *autoscaling.HorizontalPodAutoscalerBehavior) *autoscaling.HorizontalPodAutoscalerBehavior {
	hpa := &autoscaling.HorizontalPodAutoscaler{Spec: autoscaling.HorizontalPodAutoscalerSpec{Behavior: b}}
	autoscalingdefaults.SetDefaults_HorizontalPodAutoscalerBehavior(hpa)
	return hpa.Spec.Behavior
}

func milli(v int64) *resource.Quantity { return resource.NewMilliQuantity(v, resource.DecimalSI) }

// total: what a metric that is not of the pods ought to have.
func (w *world) metric(utilization int32, average, total int64) (autoscaling.MetricSpec, object) {
	target := autoscaling.MetricTarget{Type: autoscaling.AverageValueMetricType, AverageValue: milli(average)}
	j := object{"target_type": "AverageValue", "average_value_m": average}
	value := func() {
		target = autoscaling.MetricTarget{Type: autoscaling.ValueMetricType, Value: milli(total)}
		j = object{"target_type": "Value", "value_m": total}
	}
	percent := func() {
		target = autoscaling.MetricTarget{Type: autoscaling.UtilizationMetricType, AverageUtilization: &utilization}
		j = object{"target_type": "Utilization", "average_utilization": utilization}
	}
	name := autoscaling.MetricIdentifier{Name: "qps"}
	spec := autoscaling.MetricSpec{}
	switch w.pick(0, 0, 0, 1, 2, 2, 3, 4, 4, 5) {
	case 0:
		if w.chance(80) {
			percent()
		}
		spec.Type = autoscaling.ResourceMetricSourceType
		spec.Resource = &autoscaling.ResourceMetricSource{Name: v1.ResourceCPU, Target: target}
		j["resource"] = "cpu"
	case 1:
		if w.chance(80) {
			percent()
		}
		spec.Type = autoscaling.ContainerResourceMetricSourceType
		spec.ContainerResource = &autoscaling.ContainerResourceMetricSource{Name: v1.ResourceCPU, Container: "container1", Target: target}
		j["resource"], j["container"] = "cpu", "container1"
	case 2:
		spec.Type = autoscaling.PodsMetricSourceType
		spec.Pods = &autoscaling.PodsMetricSource{Metric: name, Target: target}
		j["metric"] = "qps"
	case 3:
		if w.chance(60) {
			value()
		}
		spec.Type = autoscaling.ObjectMetricSourceType
		spec.Object = &autoscaling.ObjectMetricSource{Metric: name, Target: target,
			DescribedObject: autoscaling.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "some-deployment"}}
		j["metric"], j["object"] = "qps", "apps/v1/Deployment/some-deployment"
	case 4:
		if w.chance(60) {
			value()
		}
		spec.Type = autoscaling.ExternalMetricSourceType
		spec.External = &autoscaling.ExternalMetricSource{Metric: name, Target: target}
		j["metric"] = "qps"
	default:
		spec.Type = "CheddarCheese"
		j["metric"] = "qps"
	}
	j["type"] = string(spec.Type)
	return spec, j
}

// The controller with everything that it asks behind it.
type cycle struct {
	*HorizontalController
	hpa      *autoscaling.HorizontalPodAutoscaler
	scale    *autoscalingv1.Scale
	updated  bool
	recorder *record.FakeRecorder
}

func newCycle(w *world, hpa *autoscaling.HorizontalPodAutoscaler, scale *autoscalingv1.Scale) *cycle {
	c := &cycle{hpa: hpa, scale: scale, recorder: record.NewFakeRecorder(100)}
	scales := &scalefake.FakeScaleClient{}
	scales.AddReactor("get", "*", func(core.Action) (bool, runtime.Object, error) {
		if w.failGet != "" {
			return true, nil, errors.New(w.failGet)
		}
		return true, c.scale.DeepCopy(), nil
	})
	scales.AddReactor("update", "*", func(a core.Action) (bool, runtime.Object, error) {
		if w.failUpdate != "" {
			return true, nil, errors.New(w.failUpdate)
		}
		c.updated = true
		c.scale = a.(core.UpdateAction).GetObject().(*autoscalingv1.Scale)
		return true, c.scale, nil
	})
	client := &fake.Clientset{}
	client.AddReactor("update", "horizontalpodautoscalers", func(a core.Action) (bool, runtime.Object, error) {
		saved := a.(core.UpdateAction).GetObject().(*autoscaling.HorizontalPodAutoscaler)
		c.hpa = saved
		return true, saved, nil
	})
	c.HorizontalController = &HorizontalController{
		scaleNamespacer: scales, hpaNamespacer: client.AutoscalingV2(),
		mapper:    testrestmapper.TestOnlyStaticRESTMapper(legacyscheme.Scheme, schema.GroupVersion{Group: "apps", Version: "v1"}),
		tolerance: 0.1, eventRecorder: c.recorder, downscaleStabilisationWindow: 5 * time.Minute, monitor: monitor.New(),
		recommendations: map[string][]timestampedRecommendation{}, scaleUpEvents: map[string][]timestampedScaleEvent{},
		scaleDownEvents: map[string][]timestampedScaleEvent{}, selectorTracker: newBiMultimapSelectorTracker(),
		consistencyStore: consistencyutil.NewNoopConsistencyStore(),
	}
	c.selectorTracker.PutIfAbsent(namespace, selectors.Key{Name: hpa.Name, Namespace: namespace}, labels.Nothing())
	return c
}

// One reconcile of the world as it is; what came of it.
func (c *cycle) run(w *world) object {
	before := c.scale.Spec.Replicas
	c.updated = false
	c.podLister = w.podLister()
	c.replicaCalc = NewReplicaCalculator(w, c.podLister, cpuInitialization, initialReadiness)
	err := c.reconcileAutoscaler(context.Background(), c.hpa, key)
	after, action, label := c.scale.Spec.Replicas, "none", "none"
	if c.updated && after > before {
		action = "scale_up"
	} else if c.updated {
		action = "scale_down"
	}
	if err != nil {
		label = "internal"
	}
	if errors.Is(err, errSpec) {
		label = "spec"
	}
	expect := object{"desired_replicas": after, "scale_updated": c.updated, "action": action, "error": label,
		"returns_error": err != nil, "conditions": c.conditions(), "event": c.event()}
	if err != nil {
		expect["said"] = err.Error()
	}
	return expect
}

func (c *cycle) conditions() []object {
	ret := []object{}
	for _, condition := range c.hpa.Status.Conditions {
		ret = append(ret, object{"type": string(condition.Type), "status": string(condition.Status), "reason": condition.Reason})
	}
	return ret
}

// A policy has queries where an HPA has selectors and described objects.
var ours = strings.NewReplacer("qps(nil)", "qps", "Deployment metric", "object metric")

func (c *cycle) event() any {
	for {
		select {
		case text := <-c.recorder.Events:
			message, found := strings.CutPrefix(text, "Normal SuccessfulRescale ")
			// The controller's name for an average of a container is that of a pod's; Foretop's says which.
			if found && !strings.Contains(message, "cpu resource above target") {
				return object{"reason": "SuccessfulRescale", "message": ours.Replace(message)}
			}
		default:
			return nil
		}
	}
}

func gates(w *world) object {
	zero := w.chance(40)
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(map[string]bool{"HPAScaleToZero": zero}); err != nil {
		panic(err)
	}
	return object{"HPAScaleToZero": zero}
}

func (w *world) behavior() (*autoscaling.HorizontalPodAutoscalerBehavior, any) {
	if w.chance(50) {
		return nil, nil
	}
	b, j := &autoscaling.HorizontalPodAutoscalerBehavior{}, object{"scale_up": nil, "scale_down": nil}
	for _, up := range []bool{true, false} {
		if w.chance(30) {
			continue
		}
		rules, rulesJSON := w.rules(up)
		if w.chance(30) {
			tolerance := []string{"0", "0.01", "0.2", "0.5"}[w.Intn(4)]
			q := resource.MustParse(tolerance)
			rules.Tolerance, rulesJSON["tolerance"] = &q, q.AsApproximateFloat64()
		}
		if up {
			b.ScaleUp, j["scale_up"] = rules, rulesJSON
		} else {
			b.ScaleDown, j["scale_down"] = rules, rulesJSON
		}
	}
	return withDefaults(b), j
}

// An HPA and what of its case stays the same from cycle to cycle.
func (w *world) draft(utilization int32, average, total int64) (*autoscaling.HorizontalPodAutoscaler, object) {
	low := int32(w.pick(0, 1, 1, 2, 3))
	high := max(low, 1) + int32(w.Intn(20))
	hpa := &autoscaling.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Name: "test-hpa", Namespace: namespace}}
	hpa.Spec.ScaleTargetRef = autoscaling.CrossVersionObjectReference{Kind: "Deployment", Name: "web", APIVersion: "apps/v1"}
	hpa.Spec.MinReplicas, hpa.Spec.MaxReplicas = &low, high
	c := object{"test": "random", "min": low, "max": high, "gates": gates(w), "selector": selected}
	var metrics []object
	for range w.pick(1, 1, 1, 2, 3) {
		spec, j := w.metric(utilization, average, total)
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, spec)
		metrics = append(metrics, j)
	}
	c["metrics"] = metrics
	hpa.Spec.Behavior, c["behavior"] = w.behavior()
	return hpa, c
}

func newScale(spec, status int32, selector string) *autoscalingv1.Scale {
	return &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: namespace},
		Spec: autoscalingv1.ScaleSpec{Replicas: spec}, Status: autoscalingv1.ScaleStatus{Replicas: status, Selector: selector}}
}

func reconcileCase(r *rand.Rand) object {
	utilization, average := []int{10, 30, 50, 80, 100, 150}[r.Intn(6)], []int64{1, 10, 2222, 15000, 1000000}[r.Intn(5)]
	w := newWorld(r, utilization, average)
	hpa, c := w.draft(int32(utilization), average, average*int64(max(1, len(w.pods))))
	specReplicas := int32(max(0, len(w.pods)+w.pick(0, 0, 0, 0, -1, 1, 2)))
	if w.chance(8) {
		specReplicas = 0
	}
	statusReplicas := max(0, specReplicas+int32(w.pick(0, 0, 0, 0, -1, 1)))
	if w.chance(2) {
		c["selector"] = []string{"", "cheddar cheese"}[w.Intn(2)]
	}
	initial := []object{}
	if w.chance(20) {
		status := []v1.ConditionStatus{v1.ConditionTrue, v1.ConditionFalse}[w.Intn(2)]
		setCondition(hpa, autoscaling.ScaledToZero, status, "ScaledToZero", "")
		initial = append(initial, object{"type": "ScaledToZero", "status": string(status), "reason": "ScaledToZero"})
	}
	c["initial_conditions"] = initial
	cycle := newCycle(w, hpa, newScale(specReplicas, statusReplicas, c["selector"].(string)))
	if w.chance(60) {
		recommendations, list := w.recommendations()
		if recommendations == nil {
			recommendations = []timestampedRecommendation{}
		}
		cycle.recommendations[key] = recommendations
		c["recommendations"] = list
	}
	c["spec_replicas"], c["status_replicas"], c["faults"] = specReplicas, statusReplicas, w.fail(12)
	c["pods"], c["sources"] = w.podsJSON, w.sources()
	c["expect"] = cycle.run(w)
	return c
}
