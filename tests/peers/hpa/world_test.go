package podautoscaler

// A random world that the controller and the vectors' schema (tests/vectors) both describe: pods, their metrics, the
// values of other sources.

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"time"

	autoscaling "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	corelisters "k8s.io/client-go/listers/core/v1"
	core "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	metricsapi "k8s.io/metrics/pkg/apis/metrics/v1beta1"
	metricsfake "k8s.io/metrics/pkg/client/clientset/versioned/fake"
)

const (
	now       = 1000000 // of the vectors, in seconds
	namespace = "shop"
	selected  = "name=test-pod"

	cpuInitialization = 120 * time.Second
	initialReadiness  = 10 * time.Second
)

type object = map[string]any

// A world draws itself from one stream of random numbers.
type world struct {
	*rand.Rand
	base  time.Time // what `now` is on the controller's clock
	pods  []*v1.Pod
	items []metricsapi.PodMetrics

	podsJSON, resourceJSON, valuesJSON []object
	values                             metricsclient.PodMetricsInfo
	objectValue                        int64
	samples                            []int64

	failAll, failExternal, failGet, failUpdate string
}

func (w *world) chance(percent int) bool { return w.Intn(100) < percent }

func (w *world) pick(of ...int) int { return of[w.Intn(len(of))] }

// Seconds before now, below the limit; every other one of them a whole half minute, as windows are.
func (w *world) age(limit int) int {
	if w.chance(50) {
		return w.Intn(limit/30+1) * 30
	}
	return w.Intn(limit)
}

func (w *world) at(seconds int) metav1.Time {
	if seconds == 0 {
		return metav1.Time{}
	}
	return metav1.NewTime(w.base.Add(time.Duration(seconds-now) * time.Second))
}

func (w *world) someTime() int {
	if w.chance(40) {
		return 0
	}
	return now - w.age(300)
}

// A ratio near which decisions change.
func (w *world) ratio() float64 {
	edges := []float64{0, .3, .5, .8, .9, .95, 1, 1.05, 1.1, 1.2, 1.5, 2, 3, 10}
	r := edges[w.Intn(len(edges))]
	if w.chance(50) {
		r *= 1 + w.NormFloat64()*.02
	}
	return r
}

func (w *world) around(v int64) int64 {
	return int64(math.Max(0, math.Round(float64(v)*w.ratio())))
}

// request < 0: none.
func newContainer(name string, request int64) (v1.Container, object) {
	c, j := v1.Container{Name: name}, object{"name": name, "request_m": nil}
	if request >= 0 {
		c.Resources.Requests = v1.ResourceList{v1.ResourceCPU: *resource.NewMilliQuantity(request, resource.DecimalSI)}
		j["request_m"] = request
	}
	return c, j
}

func (w *world) someRequest() int64 {
	if w.chance(3) {
		return -1
	}
	return int64(w.pick(1, 50, 100, 145, 250, 500, 1000, 1500))
}

// A running pod; each of its containers has this request.
func (w *world) pod(name string, containers int, request int64) (*v1.Pod, object) {
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: map[string]string{"name": "test-pod"}}}
	p.Status.Phase = v1.PodRunning
	var list []object
	for k := 1; k <= containers; k++ {
		c, cj := newContainer(fmt.Sprintf("container%d", k), request)
		p.Spec.Containers = append(p.Spec.Containers, c)
		list = append(list, cj)
	}
	return p, object{"name": name, "phase": "Running", "deleted": false, "start_time": nil, "ready": nil,
		"ready_transition_time": nil, "labels": object{"name": "test-pod"}, "containers": list}
}

func (w *world) addPod(i, containers int) {
	p, j := w.pod(fmt.Sprintf("test-pod-%d", i), 0, 0)
	var list, inits []object
	for k := 1; k <= containers; k++ {
		c, cj := newContainer(fmt.Sprintf("container%d", k), w.someRequest())
		p.Spec.Containers = append(p.Spec.Containers, c)
		list = append(list, cj)
	}
	if w.chance(10) {
		c, cj := newContainer("sidecar", w.someRequest())
		if w.chance(60) {
			always := v1.ContainerRestartPolicyAlways
			c.RestartPolicy, cj["restart_always"] = &always, true
		}
		p.Spec.InitContainers = append(p.Spec.InitContainers, c)
		inits = append(inits, cj)
	}
	j["containers"], j["init_containers"] = list, inits
	if w.chance(5) {
		request := int64(w.pick(200, 2000))
		p.Spec.Resources = &v1.ResourceRequirements{Requests: v1.ResourceList{
			v1.ResourceCPU: *resource.NewMilliQuantity(request, resource.DecimalSI)}}
		j["pod_level_request_m"] = request
	}
	if w.chance(12) {
		p.Status.Phase = []v1.PodPhase{v1.PodPending, v1.PodFailed, v1.PodSucceeded, v1.PodUnknown}[w.Intn(4)]
		j["phase"] = string(p.Status.Phase)
	}
	if w.chance(5) {
		deleted := w.at(now)
		p.DeletionTimestamp = &deleted
		j["deleted"] = true
	}
	if !w.chance(4) {
		s := w.someTime()
		t := w.at(s)
		p.Status.StartTime = &t
		j["start_time"] = s
	}
	if !w.chance(4) {
		s := w.someTime()
		status := []v1.ConditionStatus{v1.ConditionTrue, v1.ConditionFalse, v1.ConditionUnknown}[w.pick(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2)]
		p.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: status, LastTransitionTime: w.at(s)}}
		j["ready"], j["ready_transition_time"] = string(status), s
	}
	w.pods = append(w.pods, p)
	w.podsJSON = append(w.podsJSON, j)
}

// Usage of each container in proportion to its request. Of sidecars too: the HPA would not notice that one is missing,
// Foretop takes a pod of which it does not know all containers for one without a value.
func (w *world) addUsageAt(p *v1.Pod, ratio float64, stamp, window int) {
	m := metricsapi.PodMetrics{ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: namespace, Labels: p.Labels},
		Timestamp: w.at(stamp), Window: metav1.Duration{Duration: time.Duration(window) * time.Second}}
	var list []object
	running := slices.Clone(p.Spec.Containers)
	for _, c := range p.Spec.InitContainers {
		if c.RestartPolicy != nil {
			running = append(running, c)
		}
	}
	for _, c := range running {
		request := c.Resources.Requests.Cpu().MilliValue()
		usage := max(0, int64(math.Round(float64(request)*ratio*(1+w.NormFloat64()*.1))))
		m.Containers = append(m.Containers, metricsapi.ContainerMetrics{Name: c.Name, Usage: v1.ResourceList{
			v1.ResourceCPU: *resource.NewMilliQuantity(usage, resource.DecimalSI)}})
		list = append(list, object{"name": c.Name, "usage_m": usage})
	}
	w.items = append(w.items, m)
	w.resourceJSON = append(w.resourceJSON, object{"pod": p.Name, "timestamp": stamp, "window_s": window, "containers": list})
}

func (w *world) addValueAt(p *v1.Pod, value int64, stamp int) {
	w.values[p.Name] = metricsclient.PodMetric{Timestamp: w.at(stamp).Time, Window: time.Minute, Value: value}
	w.valuesJSON = append(w.valuesJSON, object{"pod": p.Name, "value_m": value, "timestamp": stamp, "window_s": 60})
}

func emptyWorld(r *rand.Rand) *world {
	return &world{Rand: r, base: time.Now(), values: metricsclient.PodMetricsInfo{}}
}

// utilization: percent; average: milli-units that each pod ought to have.
func newWorld(r *rand.Rand, utilization int, average int64) *world {
	w := emptyWorld(r)
	count, containers := w.Intn(12)+1, w.pick(1, 1, 2, 3)
	if w.chance(3) {
		count = 0
	}
	ratio, value := w.ratio()*float64(utilization)/100, w.around(average)
	for i := range count {
		w.addPod(i, containers)
	}
	for _, p := range w.pods {
		if !w.chance(8) {
			w.addUsageAt(p, ratio, w.someTime(), w.pick(15, 30, 60))
		}
		if !w.chance(8) {
			w.addValueAt(p, max(0, value+int64(w.NormFloat64()*float64(value)*.1)), w.someTime())
		}
	}
	w.objectValue = w.around(average * int64(max(count, 1)))
	for range w.pick(0, 1, 1, 1, 2, 3) {
		w.samples = append(w.samples, w.around(average*int64(max(count, 1))))
	}
	if w.chance(1) {
		w.samples = append(w.samples, math.MaxInt64, 1)
	}
	return w
}

// --- what the controller asks ---

// The JSON of what the sources serve.
func (w *world) sources() object {
	return object{"resource_metrics": w.resourceJSON, "pod_metric_values": w.valuesJSON, "object_value_m": w.objectValue,
		"external_samples_m": w.samples}
}

// In one of `in` cases something fails; the rest stands.
func (w *world) fail(in int) object {
	const text = "something went wrong"
	w.failAll, w.failExternal, w.failGet, w.failUpdate = "", "", "", ""
	if w.Intn(in) > 0 {
		return object{}
	}
	switch w.Intn(4) {
	case 0:
		w.failAll = text
		return object{"all_metric_clients_error": text}
	case 1:
		w.failExternal = text
		return object{"external_client_error": text}
	case 2:
		w.failGet = text
		return object{"get_scale_error": text}
	default:
		w.failUpdate = text
		return object{"update_scale_error": text}
	}
}

func (w *world) podLister() corelisters.PodLister {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, p := range w.pods {
		_ = indexer.Add(p)
	}
	return corelisters.NewPodLister(indexer)
}

func (w *world) GetResourceMetric(ctx context.Context, name v1.ResourceName, ns string, selector labels.Selector, container string) (metricsclient.PodMetricsInfo, time.Time, error) {
	if w.failAll != "" {
		return nil, time.Time{}, errors.New(w.failAll)
	}
	api := &metricsfake.Clientset{}
	api.AddReactor("list", "pods", func(core.Action) (bool, runtime.Object, error) {
		return true, &metricsapi.PodMetricsList{Items: w.items}, nil
	})
	rest := metricsclient.NewRESTMetricsClient(api.MetricsV1beta1(), nil, nil)
	return rest.GetResourceMetric(ctx, name, ns, selector, container)
}

func (w *world) GetRawMetric(string, string, labels.Selector, labels.Selector) (metricsclient.PodMetricsInfo, time.Time, error) {
	if w.failAll != "" {
		return nil, time.Time{}, errors.New(w.failAll)
	}
	if len(w.values) == 0 {
		return nil, time.Time{}, errors.New("no metrics returned from custom metrics API")
	}
	all := metricsclient.PodMetricsInfo{}
	for name, value := range w.values {
		all[name] = value
	}
	return all, time.Time{}, nil
}

func (w *world) GetObjectMetric(string, string, *autoscaling.CrossVersionObjectReference, labels.Selector) (int64, time.Time, error) {
	if w.failAll != "" {
		return 0, time.Time{}, errors.New(w.failAll)
	}
	return w.objectValue, time.Time{}, nil
}

func (w *world) GetExternalMetric(string, string, labels.Selector) ([]int64, time.Time, error) {
	if w.failAll+w.failExternal != "" {
		return nil, time.Time{}, errors.New(w.failAll + w.failExternal)
	}
	if len(w.samples) == 0 {
		return nil, time.Time{}, errors.New("no metrics returned from external metrics API")
	}
	return w.samples, time.Time{}, nil
}
