package podautoscaler

// Half an hour in the life of one HPA: the load moves, pods come and go as they are asked for, people and failures
// interfere. Each cycle is a case of its own; what the controller remembers goes on.

import (
	"fmt"
	"maps"
	"math/rand"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	metricsapi "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

const cycles = 60

// A pod's life, in seconds of the vectors.
type life struct {
	name         string
	start, ready int
	lapse        int // when it became unready once; 0: never
}

type fleet struct {
	*world
	alive      []life
	born       int
	containers int
	request    int64
}

func (f *fleet) seconds() int { return now + int(time.Since(f.base)/time.Second) }

// As a Deployment does: new ones now, the youngest go.
func (f *fleet) resize(count int) {
	for len(f.alive) < count {
		t := f.seconds()
		f.alive = append(f.alive, life{name: fmt.Sprintf("test-pod-%d", f.born), start: t + f.pick(0, 3, 20), ready: t + f.pick(5, 20, 45)})
		f.born++
	}
	f.alive = f.alive[:count]
}

func (f *fleet) show(l *life) *v1.Pod {
	t := f.seconds()
	p, j := f.pod(l.name, f.containers, f.request)
	switch {
	case t < l.start:
		p.Status.Phase, j["phase"] = v1.PodPending, "Pending"
	default:
		start := f.at(l.start)
		p.Status.StartTime, j["start_time"] = &start, l.start
		status, since := v1.ConditionFalse, l.start
		if l.lapse > 0 {
			since = l.lapse
		} else if t >= l.ready {
			status, since = v1.ConditionTrue, max(l.start, l.ready)
		}
		p.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: status, LastTransitionTime: f.at(since)}}
		j["ready"], j["ready_transition_time"] = string(status), since
	}
	f.pods, f.podsJSON = append(f.pods, p), append(f.podsJSON, j)
	return p
}

// demand: how many pods would stand at their targets.
func (f *fleet) look(demand float64, utilization int, average int64) {
	f.pods, f.podsJSON = nil, []object{}
	f.items, f.resourceJSON = []metricsapi.PodMetrics{}, []object{}
	f.values, f.valuesJSON = metricsclient.PodMetricsInfo{}, []object{}
	serving := 0
	for _, l := range f.alive {
		if l.lapse == 0 && f.seconds() >= max(l.start, l.ready) {
			serving++
		}
	}
	share := demand / float64(max(1, serving))
	for i := range f.alive {
		if f.alive[i].lapse == 0 && f.chance(1) {
			f.alive[i].lapse = f.seconds()
		} else if f.alive[i].lapse > 0 && f.chance(20) {
			f.alive[i].lapse, f.alive[i].ready = 0, f.seconds()
		}
		p := f.show(&f.alive[i])
		if p.Status.Phase != v1.PodRunning || f.chance(3) {
			continue
		}
		stamp := max(1, f.seconds()-f.pick(0, 5, 15, 30))
		f.addUsageAt(p, share*float64(utilization)/100, stamp, 30)
		f.addValueAt(p, int64(share*float64(average)), stamp)
	}
	f.objectValue = int64(demand * float64(average))
	f.samples = []int64{f.objectValue}
}

func sequenceCase(r *rand.Rand) object {
	if r.Intn(20) > 0 { // they are long
		return nil
	}
	utilization, average := []int{30, 50, 80, 100, 150}[r.Intn(5)], []int64{10, 2222, 15000}[r.Intn(3)]
	w := emptyWorld(r)
	f := &fleet{world: w, containers: w.pick(1, 2), request: int64(w.pick(50, 250, 1000))}
	hpa, fixed := w.draft(int32(utilization), average, average*3)
	size, demand := int32(w.Intn(6)+1), float64(w.Intn(6)+1)
	cycle := newCycle(w, hpa, newScale(size, size, selected))
	f.resize(int(size))
	all := []object{}
	for range cycles {
		demand *= 1 + w.NormFloat64()*.03
		if w.chance(10) {
			demand = w.Float64() * 15 * float64(w.pick(0, 1, 1, 1))
		}
		if w.chance(3) { // somebody's kubectl scale
			cycle.scale.Spec.Replicas = int32(w.Intn(12))
			f.resize(int(cycle.scale.Spec.Replicas))
		}
		f.look(demand, utilization, average)
		cycle.scale.Status.Replicas = int32(len(f.alive))
		c := maps.Clone(fixed)
		c["name"], c["at_s"] = strconv.Itoa(f.seconds()-now)+" s", f.seconds()-now
		c["spec_replicas"], c["status_replicas"] = cycle.scale.Spec.Replicas, cycle.scale.Status.Replicas
		c["faults"] = w.fail(20)
		c["pods"], c["sources"] = w.podsJSON, w.sources()
		c["expect"] = cycle.run(w)
		all = append(all, c)
		f.resize(int(cycle.scale.Spec.Replicas))
		time.Sleep(time.Duration(w.pick(15, 15, 15, 15, 15, 5, 30, 60, 120)) * time.Second)
	}
	return object{"test": "random", "cycles": all}
}
