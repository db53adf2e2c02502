#include "sim/served.h"

#include "sim/cluster.h"
#include "sim/exporter.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MS       1000
#define LISTEN        "127.0.0.1:0"
#define OWN_NAMESPACE "foretop"

struct served {
	struct reactor *reactor;
	const struct clock *clock;
	int64_t step_ms;
	struct world *world;
	struct kubeapi *kube;
	struct promapi *prom;
	struct exporter *exporter;
	struct certificate certificate;
	char *token;
	struct shown_workload shown[WORLD_WORKLOADS_MAX];
	char *names[2 * WORLD_WORKLOADS_MAX]; /* what workload configs borrow */
	int name_count;
	struct timer timer;
	void (*stepped)(void *arg);
	void *arg;
};

char *served_requests_query(const char *ns, const char *name)
{
	return xasprintf("sum(rate(http_requests_total{namespace=\"%s\",service=\"%s\"}"
			 "[1m]))",
			 ns, name);
}

char *served_pods_query(const char *ns, const char *name)
{
	return xasprintf("sum by (pod) (rate(http_requests_total{namespace=\"%s\","
			 "service=\"%s\"}[1m]))",
			 ns, name);
}

/* --- time --- */

void served_catch_up(struct served *s)
{
	world_advance(s->world, clock_now_ms(s->clock));
	for (int32_t i = 0; i < s->world->count; i++)
		shown_workload_update(&s->shown[i]);
}

static void step(void *arg)
{
	struct served *s = arg;
	served_catch_up(s);
	int64_t next_ms = s->world->now_ms + s->step_ms;
	timer_set(s->reactor, &s->timer, clock_delay_ms(s->clock, next_ms), step, s);
	if (s->stepped)
		s->stepped(s->arg);
}

void served_on_step(struct served *s, void (*stepped)(void *arg), void *arg)
{
	s->stepped = stepped;
	s->arg = arg;
}

/* A client wrote replicas: the workload's controller acts at once. */
static void on_scaled(void *arg, enum kubeapi_resource resource, const char *ns,
		      const char *name, int32_t replicas)
{
	struct served *s = arg;
	struct workload *w =
		resource == KUBEAPI_DEPLOYMENTS ? world_find(s->world, ns, name) : NULL;
	if (!w)
		return;
	world_advance(s->world, clock_now_ms(s->clock));
	workload_scale(w, replicas);
	shown_workload_update(&s->shown[w - s->world->workloads]);
}

/* --- the start --- */

static int start_servers(struct served *s, const struct served_config *config,
			 struct err *err)
{
	if (config->tls && certificate_make(&s->certificate, err) < 0)
		return -1;
	const struct kubeapi_config kube = {
		.listen = config->kube_listen ? config->kube_listen : LISTEN,
		.cert_pem = s->certificate.cert_pem,
		.key_pem = s->certificate.key_pem,
		.bearer_token = s->token,
		.clock = s->clock,
		.bookmark_ms = config->bookmark_ms,
		.scaled = on_scaled,
		.arg = s,
	};
	s->kube = kubeapi_new(s->reactor, &kube, err);
	if (!s->kube)
		return err_wrap(err, "the simulated API server");
	const struct promapi_config prom = {
		.listen = config->prom_listen ? config->prom_listen : LISTEN,
		.cert_pem = s->certificate.cert_pem,
		.key_pem = s->certificate.key_pem,
		.clock = s->clock,
	};
	s->prom = promapi_new(s->reactor, &prom, err);
	if (!s->prom)
		return err_wrap(err, "the simulated Prometheus");
	return 0;
}

static void put_namespace(struct served *s, const char *name)
{
	cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *meta = cJSON_AddObjectToObject(o, "metadata");
	cJSON_AddStringToObject(meta, "name", name);
	cJSON *labels = cJSON_AddObjectToObject(meta, "labels");
	cJSON_AddStringToObject(labels, "kubernetes.io/metadata.name", name);
	cJSON_AddStringToObject(cJSON_AddObjectToObject(o, "status"), "phase", "Active");
	kubeapi_put_tree(s->kube, KUBEAPI_NAMESPACES, o, NULL);
}

int served_put_policy(struct served *s, const char *ns, const char *name,
		      const char *text, struct err *err)
{
	cJSON *o AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON *meta = cJSON_AddObjectToObject(o, "metadata");
	cJSON_AddStringToObject(meta, "name", name);
	cJSON_AddStringToObject(meta, "namespace", ns);
	cJSON *labels = cJSON_AddObjectToObject(meta, "labels");
	cJSON_AddStringToObject(labels, "foretop.io/policy", "v1");
	cJSON *data = cJSON_AddObjectToObject(o, "data");
	cJSON_AddStringToObject(data, "policy.yaml", text);
	return kubeapi_put_tree(s->kube, KUBEAPI_CONFIGMAPS, o, err);
}

static const char *keep(struct served *s, const char *text)
{
	return s->names[s->name_count++] = xstrdup(text);
}

static int add_workload(struct served *s, const struct served_workload *given,
			struct err *err)
{
	struct workload_config config = given->workload;
	if (s->world->count == WORLD_WORKLOADS_MAX)
		return err_set(err, ERR_INVALID, "more than %d workloads",
			       WORLD_WORKLOADS_MAX);
	config.ns = keep(s, config.ns);
	config.name = keep(s, config.name);
	put_namespace(s, config.ns);
	struct workload *w = world_add(s->world, &config);
	shown_workload_init(&s->shown[s->world->count - 1], s->kube, w);
	char *query AUTO_FREE = given->requests_query
					? xstrdup(given->requests_query)
					: served_requests_query(config.ns, config.name);
	exporter_add(s->exporter, w, query);
	if (!given->policy)
		return 0;
	const char *policy_name = given->policy_name ? given->policy_name : config.name;
	return served_put_policy(s, config.ns, policy_name, given->policy, err);
}

struct served *served_new(struct reactor *r, const struct served_config *config,
			  struct err *err)
{
	struct served *s = xcalloc(1, sizeof(*s));
	s->reactor = r;
	s->clock = config->clock;
	s->step_ms = config->step_ms ? config->step_ms : STEP_MS;
	s->token = xstrdup(config->token ? config->token : "simulated");
	s->world = world_new(clock_now_ms(config->clock));
	if (start_servers(s, config, err) < 0) {
		served_free(s);
		return NULL;
	}
	s->exporter = exporter_new(s->prom, s->world, s->clock);
	put_namespace(s, OWN_NAMESPACE);
	for (int32_t i = 0; i < config->count; i++) {
		if (add_workload(s, &config->workloads[i], err) < 0) {
			served_free(s);
			return NULL;
		}
	}
	timer_set(r, &s->timer, 0, step, s);
	return s;
}

void served_free(struct served *s)
{
	if (!s)
		return;
	timer_cancel(&s->timer);
	kubeapi_free(s->kube);
	promapi_free(s->prom);
	exporter_free(s->exporter);
	for (int32_t i = 0; i < WORLD_WORKLOADS_MAX; i++)
		shown_workload_fini(&s->shown[i]);
	world_free(s->world);
	for (int i = 0; i < s->name_count; i++)
		free(s->names[i]);
	certificate_fini(&s->certificate);
	free(s->token);
	free(s);
}

void served_cleanup(struct served **s)
{
	served_free(*s);
}

/* --- how to reach it --- */

const char *served_kube_url(const struct served *s)
{
	return kubeapi_url(s->kube);
}

const char *served_prom_url(const struct served *s)
{
	return promapi_url(s->prom);
}

const char *served_token(const struct served *s)
{
	return s->token;
}

const char *served_ca_pem(const struct served *s)
{
	return s->certificate.cert_pem;
}

static char *base64(const char *text)
{
	size_t len = strlen(text);
	unsigned char *out = xmalloc((len + 2) / 3 * 4 + 1);
	EVP_EncodeBlock(out, (const unsigned char *)text, (int)len);
	return (char *)out;
}

char *served_kubeconfig(const struct served *s)
{
	const char *ca = served_ca_pem(s);
	char *encoded AUTO_FREE = base64(ca ? ca : "");
	char *authority AUTO_FREE =
		ca ? xasprintf(", certificate-authority-data: %s", encoded) : xstrdup("");
	return xasprintf(
		"apiVersion: v1\n"
		"kind: Config\n"
		"current-context: simulated\n"
		"clusters:\n"
		"- name: simulated\n"
		"  cluster: {server: \"%s\"%s}\n"
		"users:\n"
		"- name: foretop\n"
		"  user: {token: \"%s\"}\n"
		"contexts:\n"
		"- name: simulated\n"
		"  context: {cluster: simulated, user: foretop, namespace: %s}\n",
		served_kube_url(s), authority, s->token, OWN_NAMESPACE);
}

struct world *served_world(struct served *s)
{
	return s->world;
}

struct kubeapi *served_kube(struct served *s)
{
	return s->kube;
}

struct promapi *served_prom(struct served *s)
{
	return s->prom;
}
