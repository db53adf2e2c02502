/* Kubernetes objects, each JSON read as everything that is read from one: what is taken
 * has names and sizes, what is refused has a text and leaves its result alone. */
#include "fuzz/fuzz.h"

#include "kube/kube.h"
#include "kube/status.h"

#include <stdlib.h>
#include <string.h>

static void check_requests(const struct resource_request *requests, int32_t count)
{
	must(count >= 0 && count <= 4096, "%d", count);
	for (int32_t i = 0; i < count; i++) {
		must(requests[i].resource, "request %d has no name", i);
		must(requests[i].value_m >= 0, "%lld", (long long)requests[i].value_m);
	}
}

static void check_containers(const struct container_info *containers, int32_t count)
{
	must(count >= 0 && count <= 512, "%d", count);
	for (int32_t i = 0; i < count; i++) {
		must(containers[i].name && containers[i].cpu_limit_m >= 0, "container %d",
		     i);
		check_requests(containers[i].requests, containers[i].request_count);
	}
}

static void check_pod(const cJSON *object)
{
	struct kube_pod pod AUTO(kube_pod_fini) = {0};
	struct err err = {0};
	if (kube_pod_read(object, &pod, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_INVALID, "code %d", (int)err.code);
		return;
	}
	const struct pod_info *info = &pod.info;
	must(*pod.name && *pod.uid && pod.ns && pod.version && pod.owner_kind &&
		     pod.owner_name && pod.owner_uid,
	     "no name");
	must(pod.finished == (info->phase == POD_SUCCEEDED || info->phase == POD_FAILED),
	     "phase %d", (int)info->phase);
	check_containers(info->containers, info->container_count);
	check_containers(info->init_containers, info->init_container_count);
	check_requests(info->requests, info->request_count);
}

static void check_workload(const cJSON *object, const char *kind)
{
	struct kube_workload w AUTO(kube_workload_fini) = {.replicas = -7};
	struct err err = {0};
	if (kube_workload_read(object, kind, &w, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_INVALID && w.replicas == -7 && !w.selector,
		     "touched");
		return;
	}
	must(*w.name && *w.uid && *w.version && w.ns && w.scaler, "no name");
	must(w.replicas >= 0 && w.status_replicas >= 0 && w.ready_replicas >= 0 &&
		     w.updated_replicas >= 0 && w.available_replicas >= 0,
	     "%d replicas", w.replicas);
	if (!w.selector)
		must_explain(&w.selector_err);
}

static void check_hpa(const cJSON *object, enum kube_scaler kind)
{
	struct kube_hpa hpa = {.min = -7};
	struct kube_hpa_change change;
	struct err err = {0};
	if (kube_hpa_read(object, kind, &hpa, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_INVALID && hpa.min == -7, "touched");
		return;
	}
	must(*hpa.name && *hpa.uid && *hpa.version && *hpa.target_kind &&
		     *hpa.target_name && hpa.target_api_version && hpa.owner_kind,
	     "no name");
	must(hpa.min >= 0 && hpa.max >= 0 && hpa.original >= 0, "%d to %d, %d", hpa.min,
	     hpa.max, hpa.original);
	must(hpa.marked || (hpa.original == hpa.min && !hpa.expires_ms), "not marked");
	kube_hpa_release(&hpa, &change);
	must(change.original < 0 &&
		     (change.min < 0 ? hpa.min : change.min) == hpa.original,
	     "%d, wanted %d", change.min, hpa.original);
}

static void check_scale(const cJSON *object)
{
	struct kube_scale scale = {.replicas = -7};
	struct err err = {0};
	if (kube_scale_read(object, &scale, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_INVALID && scale.replicas == -7, "touched");
		return;
	}
	must(scale.replicas >= 0 && scale.status_replicas >= 0, "%d", scale.replicas);
	must(*scale.version && *scale.uid && scale.selector, "no version or uid");
}

static void check_status(const cJSON *object, const char *text, size_t len)
{
	struct kube_status s = {0}, of_body = {0};
	kube_status_of_object("GET /x", object, &s);
	must_explain(&s.err);
	kube_status_read("GET /x", 500, text, len, -1, &of_body);
	must_explain(&of_body.err);
	must(of_body.retry_after_ms >= -1 && s.retry_after_ms >= -1, "%lld",
	     (long long)of_body.retry_after_ms);
	must(memchr(s.reason, '\0', sizeof(s.reason)), "no end");
}

static void check_selector(const cJSON *object)
{
	struct err err = {0};
	struct kube_selector *s = kube_selector_read(object, &err);
	if (!s) {
		must_explain(&err);
		return;
	}
	char *text AUTO_FREE = kube_selector_text(s);
	struct kube_selector *back = kube_selector_parse(text, &err);
	must(back, "\"%s\": %s", text, err.msg);
	must(!kube_selector_is_empty(s) || !*text, "\"%s\"", text);
	must(kube_selector_match(s, object) == kube_selector_match(back, object) ||
		     cJSON_IsNull(object),
	     "\"%s\"", text);
	kube_selector_free(s);
	kube_selector_free(back);
}

static void check_resource(const cJSON *object)
{
	struct kube_resource r;
	kube_resource_read(object, "apps/v1", "Deployment", &r);
	must(memchr(r.plural, '\0', sizeof(r.plural)) &&
		     memchr(r.group_version, '\0', sizeof(r.group_version)),
	     "no end");
	must(!r.known || *r.plural, "known without a name");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	cJSON *object AUTO(json_cleanup) = json_parse((const char *)data, size, &err);
	check_status(object, (const char *)data, size);
	check_resource(object);
	if (!object)
		return 0;
	check_pod(object);
	check_workload(object, "Deployment");
	check_workload(object, "StatefulSet");
	check_workload(object, "ReplicaSet");
	check_hpa(object, KUBE_HPA);
	check_hpa(object, KUBE_SCALED_OBJECT);
	check_scale(object);
	check_selector(object);
	return 0;
}
