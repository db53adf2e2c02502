/* Policies split over shards: two and three of Foretop's loops against the served
 * simulation, in virtual time. At every moment at most one of them may write for a
 * policy, and every write of replicas comes from the holder of its shard's Lease. */
#include "faults/virtual.h"
#include "loop/scope_inside.h"
#include "loop/share.h"
#include "loop/shards.h"
#include "sim/sim.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

#define NS       "shop"
#define OWN_NS   "foretop"
#define SERVICES 12
/* A workload alone in its namespace; it has a policy where a test gives it one. */
#define ALONE_NS "annex"
#define ALONE    "alone"
#define ACTORS   3
#define UNITS    100.0
#define SYNC_MS  (15 * MS_PER_S)
#define LEASE_MS (15 * MS_PER_S)
#define RENEW_MS (10 * MS_PER_S)
#define RETRY_MS (2 * MS_PER_S)
/* A standby sees the last renewal a look late, and that it is over another look later. */
#define TAKE_OVER_MS (LEASE_MS + 44 * RETRY_MS / 10)
/* A list of status objects, what is paused, a first answer of Prometheus. */
#define SETTLE_MS (2 * SYNC_MS)
/* How often it is looked whether two may write. */
#define LOOK_MS 100

struct actor {
	char identity[24];
	struct clock clock;
	struct controller_config config;
	struct kube_config kube;
	struct loop *loop; /* NULL: dead */
	int scaled;        /* writes that its engine asked for */
	bool lost, given_back;
};

static struct reactor *reactor;
static struct clock clock_;
static struct trace *traffic;
static struct served *served;
static struct kubeapi *kube;
static struct actor actors[ACTORS];
static double demands[SERVICES];
static char names[SERVICES][24];
static int writes_seen;

static void say_demand(void *arg, int64_t at_ms, struct promapi_rows *rows)
{
	(void)at_ms;
	promapi_rows_add(rows, NULL, 0, *(const double *)arg);
}

static void put_in(const char *ns, const char *policy, const char *target,
		   const char *mode, const char *forecast)
{
	char *query AUTO_FREE = served_requests_query(ns, target);
	char *text AUTO_FREE = xasprintf(
		"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %s}\n"
		"mode: %s\nminReplicas: 1\nmaxReplicas: 20\n"
		"metrics:\n- type: External\n  external:\n"
		"    metric: {name: requests}\n"
		"    target: {type: AverageValue, averageValue: \"%g\"}\n"
		"  query: %s\n"
		"forecast: {%s}\n",
		target, mode, UNITS, query, forecast);
	struct err err = {0};
	ck_assert_msg(served_put_policy(served, ns, policy, text, &err) == 0, "%s",
		      err.msg);
}

static void put_mode(const char *policy, const char *target, const char *mode,
		     const char *forecast)
{
	put_in(NS, policy, target, mode, forecast);
}

static void put_policy(const char *policy, const char *target)
{
	put_mode(policy, target, "Scale", "mode: Disabled");
}

static void setup(void)
{
	struct served_workload workloads[SERVICES + 1] = {0};
	double *load = xcalloc(1, sizeof(*load));
	struct err err = {0};
	json_init();
	log_set_verbosity(getenv("SHARDS_LOG") ? 0 : -2);
	virtual_reset(7);
	reactor = reactor_new(&err);
	clock_init_scaled(&clock_, wall_ms(), 1);
	load[0] = 4 * UNITS;
	traffic = trace_new(wall_ms() - MS_PER_H, MS_PER_MIN, load, 1);
	for (int i = 0; i < SERVICES; i++) {
		snprintf(names[i], sizeof(names[i]), "svc-%d", i);
		demands[i] = 4 * UNITS;
		workloads[i].workload = (struct workload_config){
			.ns = NS,
			.name = names[i],
			.demand = traffic,
			.capacity = UNITS,
			.lead_ms = 5 * MS_PER_S,
			.replicas = 4,
			.cpu_full = 1,
			.cpu_request = 1,
		};
	}
	workloads[SERVICES] = workloads[0];
	workloads[SERVICES].workload.ns = ALONE_NS;
	workloads[SERVICES].workload.name = ALONE;
	const struct served_config config = {.clock = &clock_,
					     .step_ms = 2000,
					     .workloads = workloads,
					     .count = SERVICES + 1};
	virtual_set_side(SIDE_SERVER);
	served = served_new(reactor, &config, &err);
	ck_assert_msg(served != NULL, "%s", err.msg);
	kube = served_kube(served);
	for (int i = 0; i < SERVICES; i++) {
		char *query AUTO_FREE = served_requests_query(NS, names[i]);
		promapi_register(served_prom(served), query, say_demand, &demands[i]);
		put_policy(names[i], names[i]);
	}
	virtual_set_side(SIDE_NONE);
	memset(actors, 0, sizeof(actors));
	writes_seen = 0;
}

static void stop(struct actor *a)
{
	if (!a->loop)
		return;
	loop_free(TAKE(a->loop));
	kube_config_fini(&a->kube);
	config_free(&a->config);
}

static void teardown(void)
{
	for (int i = 0; i < ACTORS; i++)
		stop(&actors[i]);
	served_free(served);
	trace_free(traffic);
	reactor_free(reactor);
}

static void observe(void *arg, const struct action *action, int64_t now_ms)
{
	struct actor *a = arg;
	(void)now_ms;
	a->scaled += action->type == ACTION_SCALE;
}

static void on_lost(void *arg)
{
	((struct actor *)arg)->lost = true;
}

static void start(int i, int32_t shards)
{
	struct actor *a = &actors[i];
	struct err err = {0};
	char *kubeconfig AUTO_FREE = served_kubeconfig(served);
	snprintf(a->identity, sizeof(a->identity), "foretop-%d", i);
	a->clock = clock_;
	config_defaults(&a->config);
	a->config.sync_period_ms = SYNC_MS;
	a->config.hpa.downscale_stabilization_ms = 0;
	a->config.election.shards = shards;
	ck_assert(config_set_url(&a->config, served_prom_url(served), &err) == 0);
	ck_assert(kube_config_parse(kubeconfig, ".", NULL, &a->kube, &err) == 0);
	const struct loop_config config = {
		.reactor = reactor,
		.clock = &a->clock,
		.kube = &a->kube,
		.controller = &a->config,
		.instance = a->identity,
		.observe = observe,
		.on_lost = on_lost,
		.arg = a,
	};
	virtual_set_side(SIDE_CLIENT);
	a->loop = loop_new(&config, &err);
	virtual_set_side(SIDE_NONE);
	ck_assert_msg(a->loop != NULL, "%s", err.msg);
}

/* --- what must always hold --- */

static bool may_write(const struct actor *a, const char *target)
{
	return a->loop && !a->lost && loop_may_write(a->loop, NS, target);
}

/* Whose engine knows a policy of this name. */
static int knowing(const char *policy)
{
	int count = 0;
	for (int i = 0; i < ACTORS; i++)
		count += actors[i].loop &&
			 engine_policy_named(loop_engine(actors[i].loop), NS, policy);
	return count;
}

static char *lease_holder(const char *name)
{
	cJSON *lease AUTO(json_cleanup) = kubeapi_get(kube, KUBEAPI_LEASES, OWN_NS, name);
	return xstrdup(json_str(lease, "spec.holderIdentity", ""));
}

static void nobody_is_doubled(void)
{
	for (int k = 0; k < SERVICES; k++) {
		int count = 0;
		for (int i = 0; i < ACTORS; i++)
			count += may_write(&actors[i], names[k]);
		ck_assert_msg(count <= 1, "%d may write for %s", count, names[k]);
	}
}

static int scale_writes(int status)
{
	int count = 0;
	for (size_t i = 0; i < kubeapi_audit_count(kube); i++) {
		const struct audit_entry *e = kubeapi_audit(kube, i);
		count += e->resource == KUBEAPI_DEPLOYMENTS &&
			 !strcmp(e->subresource, "scale") &&
			 (!status || e->status == status);
	}
	return count;
}

static int writes_of(const char *name)
{
	int count = 0;
	for (size_t i = 0; i < kubeapi_audit_count(kube); i++) {
		const struct audit_entry *e = kubeapi_audit(kube, i);
		count += e->resource == KUBEAPI_DEPLOYMENTS && e->status == 200 &&
			 !strcmp(e->subresource, "scale") && !strcmp(e->name, name);
	}
	return count;
}

/* Each write of replicas happens while the one that may is there. */
static bool see(void *arg, enum seen_phase phase, const struct request *q)
{
	(void)arg;
	const char *at = strstr(q->path, "/deployments/");
	const char *end = at ? strstr(at, "/scale") : NULL;
	if (phase != SEEN_DONE || !end || q->method != METHOD_PUT)
		return false;
	char name[32];
	at += strlen("/deployments/");
	snprintf(name, sizeof(name), "%.*s", (int)(end - at), at);
	int count = 0;
	for (int i = 0; i < ACTORS; i++)
		count += may_write(&actors[i], name);
	writes_seen++;
	ck_assert_msg(count == 1, "%d may write while %s is written", count, name);
	return false;
}

static void run(int64_t ms)
{
	kubeapi_on_request(kube, see, NULL);
	for (int64_t left = ms; left > 0; left -= LOOK_MS) {
		virtual_run(reactor, left < LOOK_MS ? left : LOOK_MS);
		nobody_is_doubled();
	}
}

static int32_t replicas(const char *name)
{
	cJSON *d AUTO(json_cleanup) = kubeapi_get(kube, KUBEAPI_DEPLOYMENTS, NS, name);
	return d ? (int32_t)json_int(d, "spec.replicas", -1) : -1;
}

static int32_t held(int i)
{
	return actors[i].loop ? shards_held(actors[i].loop->shards) : 0;
}

static void demand_all(double pods)
{
	for (int k = 0; k < SERVICES; k++)
		demands[k] = pods * UNITS;
}

static void all_have(int32_t pods)
{
	for (int k = 0; k < SERVICES; k++)
		ck_assert_msg(replicas(names[k]) == pods, "%s has %d, not %d", names[k],
			      replicas(names[k]), pods);
}

static void each_is_known_once(void)
{
	for (int k = 0; k < SERVICES; k++)
		ck_assert_msg(knowing(names[k]) == 1, "%s is decided by %d", names[k],
			      knowing(names[k]));
}

static void start_all(int count, int32_t shards)
{
	for (int i = 0; i < count; i++)
		start(i, shards);
	run(2 * MS_PER_MIN);
}

/* --- tests --- */

START_TEST(three_replicas_share_16_shards_and_decide_each_policy_once)
{
	start_all(3, 16);
	ck_assert_int_eq(held(0) + held(1) + held(2), 16);
	for (int i = 0; i < 3; i++)
		ck_assert_msg(held(i) == 5 || held(i) == 6, "%d", held(i));
	each_is_known_once();
	ck_assert_int_eq(scale_writes(0), 0);
	demand_all(7);
	run(SETTLE_MS);
	all_have(7);
	for (int k = 0; k < SERVICES; k++)
		ck_assert_int_eq(writes_of(names[k]), 1);
	ck_assert_int_eq(actors[0].scaled + actors[1].scaled + actors[2].scaled,
			 SERVICES);
	ck_assert_int_eq(writes_seen, SERVICES);
}
END_TEST

START_TEST(a_newcomer_gets_its_part_while_everything_moves)
{
	start_all(1, 4);
	ck_assert_int_eq(held(0), 4);
	start(1, 4);
	for (int round = 0; round < 8; round++) {
		demand_all(round % 2 ? 4 : 9);
		run(SYNC_MS);
	}
	ck_assert_int_eq(held(0), 2);
	ck_assert_int_eq(held(1), 2);
	each_is_known_once();
	demand_all(6);
	run(SETTLE_MS);
	all_have(6);
	ck_assert_int_eq(scale_writes(409), 0);
	/* A third one of four finds a part of one. */
	start(2, 4);
	run(MS_PER_MIN);
	ck_assert_int_eq(held(2), 1);
	ck_assert_int_eq(held(0) + held(1), 3);
	each_is_known_once();
}
END_TEST

START_TEST(the_shards_of_one_that_is_killed_are_taken_in_time)
{
	start_all(3, 8);
	each_is_known_once();
	stop(&actors[0]);
	demand_all(8);
	run(TAKE_OVER_MS);
	ck_assert_int_eq(held(1) + held(2), 8);
	run(SETTLE_MS);
	all_have(8);
	each_is_known_once();
	ck_assert_int_eq(writes_seen, SERVICES);
	/* In time both have their part again. */
	run(MS_PER_MIN);
	ck_assert_int_eq(held(1), 4);
	ck_assert_int_eq(held(2), 4);
}
END_TEST

static void on_given_back(void *arg)
{
	((struct actor *)arg)->given_back = true;
}

START_TEST(who_has_no_part_stands_by_and_takes_over)
{
	start_all(3, 2);
	int idle = held(0) ? held(1) ? 2 : 1 : 0;
	ck_assert_int_eq(held(idle), 0);
	ck_assert_int_eq(held(0) + held(1) + held(2), 2);
	ck_assert_int_eq(engine_policy_count(loop_engine(actors[idle].loop)), 0);
	stop(&actors[(idle + 1) % 3]);
	demand_all(8);
	run(TAKE_OVER_MS);
	ck_assert_int_eq(held(idle) + held((idle + 2) % 3), 2);
	run(MS_PER_MIN);
	ck_assert_int_eq(held(idle), 1);
	all_have(8);
	each_is_known_once();
}
END_TEST

START_TEST(a_lone_one_has_settled_when_all_shards_are_its_own)
{
	start(0, 16);
	int64_t waited_ms = 0;
	while (!loop_settled(actors[0].loop) && waited_ms < MS_PER_MIN) {
		run(LOOK_MS);
		waited_ms += LOOK_MS;
	}
	ck_assert(loop_settled(actors[0].loop));
	ck_assert_int_eq(held(0), 16);
	each_is_known_once();
}
END_TEST

START_TEST(one_that_ends_in_order_gives_all_back_at_once)
{
	start_all(2, 4);
	virtual_set_side(SIDE_CLIENT);
	loop_shutdown(actors[0].loop, 5000, on_given_back, &actors[0]);
	virtual_set_side(SIDE_NONE);
	/* The common Lease is never free while another replica stands on it. */
	for (int i = 0; i < 100; i++) {
		run(10);
		char *common AUTO_FREE = lease_holder("foretop");
		ck_assert_str_eq(common, "4 shards");
	}
	ck_assert(actors[0].given_back);
	stop(&actors[0]);
	/* Not the Lease's duration: two looks of the other one. */
	run(44 * RETRY_MS / 10 + MS_PER_S);
	ck_assert_int_eq(held(1), 4);
	virtual_set_side(SIDE_CLIENT);
	loop_shutdown(actors[1].loop, 5000, on_given_back, &actors[1]);
	virtual_set_side(SIDE_NONE);
	run(MS_PER_S);
	ck_assert(actors[1].given_back);
	char *after AUTO_FREE = lease_holder("foretop");
	ck_assert_str_eq(after, "");
	for (int i = 0; i < 4; i++) {
		char *name AUTO_FREE = kube_shard_lease("foretop", i, 4);
		char *holder AUTO_FREE = lease_holder(name);
		ck_assert_str_eq(holder, "");
	}
}
END_TEST

START_TEST(nothing_is_written_when_leases_may_be_lost_and_all_goes_on_later)
{
	start_all(2, 4);
	kubeapi_fail_writes(kube, 1000000, 503, KUBEAPI_LEASES);
	run(RENEW_MS + RETRY_MS);
	ck_assert_int_eq(held(0) + held(1), 0);
	demand_all(9);
	run(2 * SYNC_MS);
	ck_assert_int_eq(scale_writes(0), 0);
	ck_assert(!actors[0].lost && !actors[1].lost);
	kubeapi_fail_writes(kube, 0, 0, KUBEAPI_LEASES);
	run(TAKE_OVER_MS + SETTLE_MS);
	all_have(9);
	each_is_known_once();
}
END_TEST

START_TEST(a_shard_that_is_taken_by_force_is_left_alone_and_the_others_go_on)
{
	start_all(1, 4);
	int32_t shard = shards_of(actors[0].loop->shards, NS, names[0]);
	char *name AUTO_FREE = kube_shard_lease("foretop", shard, 4);
	cJSON *lease AUTO(json_cleanup) = kubeapi_get(kube, KUBEAPI_LEASES, OWN_NS, name);
	cJSON *spec = cJSON_GetObjectItemCaseSensitive(lease, "spec");
	cJSON_ReplaceItemInObjectCaseSensitive(spec, "holderIdentity",
					       cJSON_CreateString("somebody"));
	struct err err;
	ck_assert(kubeapi_put_tree(kube, KUBEAPI_LEASES, lease, &err) == 0);
	run(RENEW_MS / 2);
	demand_all(9);
	run(SYNC_MS - RENEW_MS / 2 - RETRY_MS);
	ck_assert_int_eq(held(0), 3);
	ck_assert_int_eq(knowing(names[0]), 0);
	ck_assert_int_eq(replicas(names[0]), 4);
	/* Somebody does not renew it. */
	run(TAKE_OVER_MS + SETTLE_MS);
	ck_assert_int_eq(held(0), 4);
	all_have(9);
}
END_TEST

/* Seventeen Leases, and an answer takes longer than half of a retry period. */
START_TEST(a_slow_server_costs_no_shard)
{
	const struct fault slow = {.server = FAULT_KUBE,
				   .kind = FAULT_DELAY,
				   .on = FAULT_ANY,
				   .times = 100000,
				   .ms = 1300};
	start_all(1, 16);
	kubeapi_bend(kube, &slow);
	for (int i = 0; i < 600; i++) {
		run(LOOK_MS);
		ck_assert_int_eq(held(0), 16);
	}
}
END_TEST

START_TEST(clocks_that_jump_move_nothing)
{
	start_all(2, 4);
	int32_t before[2] = {held(0), held(1)};
	int transitions = 0;
	for (int i = 0; i < 4; i++) {
		char *name AUTO_FREE = kube_shard_lease("foretop", i, 4);
		cJSON *lease AUTO(json_cleanup) =
			kubeapi_get(kube, KUBEAPI_LEASES, OWN_NS, name);
		transitions -= (int)json_int(lease, "spec.leaseTransitions", 0);
	}
	virtual_set_wall(MS_PER_H);
	actors[1].clock.origin_ms += MS_PER_H;
	run(MS_PER_MIN);
	virtual_set_wall(-3 * MS_PER_H);
	actors[1].clock.origin_ms -= 4 * MS_PER_H;
	run(MS_PER_MIN);
	virtual_set_wall(0);
	ck_assert_int_eq(held(0), before[0]);
	ck_assert_int_eq(held(1), before[1]);
	for (int i = 0; i < 4; i++) {
		char *name AUTO_FREE = kube_shard_lease("foretop", i, 4);
		cJSON *lease AUTO(json_cleanup) =
			kubeapi_get(kube, KUBEAPI_LEASES, OWN_NS, name);
		transitions += (int)json_int(lease, "spec.leaseTransitions", 0);
	}
	ck_assert_int_eq(transitions, 0);
}
END_TEST

/* --- other numbers of shards --- */

static const int32_t numbers[][2] = {{4, 2}, {1, 4}, {4, 1}, {16, 3}};

START_TEST(another_number_of_shards_waits_for_the_last_of_the_former)
{
	int32_t before = numbers[_i][0], after = numbers[_i][1];
	start(0, before);
	start(2, before);
	run(2 * MS_PER_MIN);
	start(1, after);
	run(2 * MS_PER_MIN);
	ck_assert_int_eq(held(1), 0);
	ck_assert_int_eq(held(0) + held(2), before);
	each_is_known_once();
	demand_all(7);
	run(SETTLE_MS);
	all_have(7);
	/* One of the former is left: it goes on alone. */
	stop(&actors[0]);
	run(TAKE_OVER_MS + SETTLE_MS);
	ck_assert_int_eq(held(1), 0);
	ck_assert_int_eq(held(2), before);
	stop(&actors[2]);
	demand_all(5);
	run(LEASE_MS + TAKE_OVER_MS + SETTLE_MS);
	ck_assert_int_eq(held(1), after);
	all_have(5);
	ck_assert_int_eq(scale_writes(409), 0);
}
END_TEST

/* --- where policies are --- */

/* A name whose own shard is another than that of svc-0. */
static void foreign_name(char *buf, size_t size, int32_t shards)
{
	int32_t at = share_shard(NS, "svc-0", shards);
	int i = 0;
	do
		snprintf(buf, size, "other-%d", i++);
	while (share_shard(NS, buf, shards) == at);
}

static cJSON *status_of(const char *policy)
{
	char *name AUTO_FREE = xasprintf(NS ".%s", policy);
	cJSON *map AUTO(json_cleanup) =
		kubeapi_get(kube, KUBEAPI_CONFIGMAPS, OWN_NS, name);
	const cJSON *data = json_at(map, "data");
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(data, "status.json");
	return cJSON_IsString(text)
		       ? json_parse(text->valuestring, strlen(text->valuestring), NULL)
		       : NULL;
}

START_TEST(two_policies_of_one_target_are_in_one_hand)
{
	char name[32];
	foreign_name(name, sizeof(name), 2);
	start_all(2, 2); /* a shard each */
	put_policy(name, "svc-0");
	run(SETTLE_MS);
	ck_assert_int_eq(knowing(name), 1);
	for (int i = 0; i < 2; i++) {
		const struct engine *e = loop_engine(actors[i].loop);
		ck_assert_int_eq(engine_policy_named(e, NS, name) != NULL,
				 engine_policy_named(e, NS, "svc-0") != NULL);
	}
	demand_all(6);
	run(SETTLE_MS);
	ck_assert_int_eq(writes_of("svc-0"), 1);
}
END_TEST

START_TEST(a_policy_that_changes_its_target_changes_hands)
{
	char target[32];
	foreign_name(target, sizeof(target), 4);
	start_all(3, 4);
	put_policy("svc-0", "svc-0");
	int before = -1, after = -1;
	for (int i = 0; i < 3; i++)
		if (engine_policy_named(loop_engine(actors[i].loop), NS, "svc-0"))
			before = i;
	put_policy("svc-0", target);
	run(SETTLE_MS);
	ck_assert_int_eq(knowing("svc-0"), 1);
	for (int i = 0; i < 3; i++)
		if (engine_policy_named(loop_engine(actors[i].loop), NS, "svc-0"))
			after = i;
	ck_assert_int_ge(before, 0);
	ck_assert(may_write(&actors[after], target));
	cJSON *status AUTO(json_cleanup) = status_of("svc-0");
	ck_assert_str_eq(json_str(status, "holder", ""), actors[after].identity);
	ck_assert_int_eq(json_int(status, "shard", -1), share_shard(NS, target, 4));
}
END_TEST

/* Users read who decides from the status objects: they must not name the dead. */
START_TEST(status_objects_name_who_took_over)
{
	start_all(2, 4);
	stop(&actors[0]);
	run(TAKE_OVER_MS + SETTLE_MS);
	ck_assert_int_eq(held(1), 4);
	for (int k = 0; k < SERVICES; k++) {
		cJSON *status AUTO(json_cleanup) = status_of(names[k]);
		int32_t shard = share_shard(NS, names[k], 4);
		char *lease AUTO_FREE = xasprintf(OWN_NS "/foretop-%d-of-4", (int)shard);
		ck_assert_str_eq(json_str(status, "holder", ""), actors[1].identity);
		ck_assert_int_eq(json_int(status, "shard", -1), shard);
		ck_assert_int_eq(json_int(status, "shards", -1), 4);
		ck_assert_str_eq(json_str(status, "lease", ""), lease);
	}
}
END_TEST

START_TEST(the_status_objects_of_a_lone_leader_name_it_and_no_shard)
{
	start_all(2, 1);
	stop(&actors[0]);
	run(TAKE_OVER_MS + SETTLE_MS);
	cJSON *status AUTO(json_cleanup) = status_of(names[0]);
	ck_assert_str_eq(json_str(status, "holder", ""), actors[1].identity);
	ck_assert_str_eq(json_str(status, "lease", ""), OWN_NS "/foretop");
	ck_assert_ptr_null(json_at(status, "shard"));
}
END_TEST

static const struct policy_status *known(int i, const char *policy)
{
	return engine_policy_named(loop_engine(actors[i].loop), NS, policy);
}

/* Connections that stood went silent with the network; those that are made when it is
 * back are good. With shards a process lives on through that. */
START_TEST(who_comes_back_sees_what_has_happened_meanwhile)
{
	start_all(1, 4);
	kubeapi_orphan_watches(kube);
	kubeapi_fail_writes(kube, 1000000, 503, KUBEAPI_LEASES);
	run(RENEW_MS + RETRY_MS);
	ck_assert_int_eq(held(0), 0);
	demands[0] = 9 * UNITS;
	cJSON *other AUTO(json_cleanup) =
		kubeapi_get(kube, KUBEAPI_DEPLOYMENTS, NS, names[0]);
	cJSON_SetNumberValue(
		cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(other, "spec"), "replicas"),
		9);
	struct err err;
	ck_assert(kubeapi_put_tree(kube, KUBEAPI_DEPLOYMENTS, other, &err) == 0);
	put_policy(names[1], names[2]);
	run(RETRY_MS);
	kubeapi_fail_writes(kube, 0, 0, KUBEAPI_LEASES);
	run(TAKE_OVER_MS + SETTLE_MS);
	ck_assert_int_eq(held(0), 4);
	ck_assert_int_eq(known(0, names[0])->current, 9);
	ck_assert_str_eq(known(0, names[1])->policy->target.name, names[2]);
	demand_all(7);
	run(SETTLE_MS);
	for (int k = 2; k < SERVICES; k++)
		ck_assert_int_eq(replicas(names[k]), 7);
	ck_assert_int_eq(scale_writes(409), 0);
}
END_TEST

static bool watches_annex(int i)
{
	return actors[i].loop && patrol_watches(actors[i].loop->scope->pods, ALONE_NS);
}

/* Members of targets, by the scope, and pods that the engine has of its policies. */
static void nothing_foreign_is_kept(int i)
{
	const struct engine *e = loop_engine(actors[i].loop);
	int32_t pods = 0;
	for (int32_t k = 0; k < engine_policy_count(e); k++) {
		const struct policy_status *s = engine_policy_status(e, k);
		pods += s ? s->pods : 0;
	}
	ck_assert_int_gt(pods, 0);
	ck_assert_int_eq((int)actors[i].loop->scope->members.count, pods);
}

START_TEST(only_who_decides_watches_a_namespace_and_keeps_its_pods)
{
	int32_t shard = share_shard(ALONE_NS, ALONE, 2);
	put_in(ALONE_NS, ALONE, ALONE, "Scale", "mode: Disabled");
	start_all(1, 2);
	ck_assert(watches_annex(0));
	nothing_foreign_is_kept(0);
	start(1, 2);
	run(MS_PER_MIN);
	int leader = shards_mine(actors[0].loop->shards, shard) ? 0 : 1;
	ck_assert(watches_annex(leader));
	ck_assert(!watches_annex(1 - leader));
	nothing_foreign_is_kept(0);
	nothing_foreign_is_kept(1);
	/* Who takes it over watches it, and decides. */
	stop(&actors[leader]);
	run(TAKE_OVER_MS + SETTLE_MS);
	ck_assert(watches_annex(1 - leader));
	nothing_foreign_is_kept(1 - leader);
	const struct policy_status *s = engine_policy_named(
		loop_engine(actors[1 - leader].loop), ALONE_NS, ALONE);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(s->pods, 4);
	ck_assert_int_gt((int)s->decisions, 0);
}
END_TEST

START_TEST(a_namespace_without_policies_is_not_watched_any_more)
{
	put_in(ALONE_NS, ALONE, ALONE, "Scale", "mode: Disabled");
	start_all(1, 1);
	ck_assert(watches_annex(0));
	/* One that is renamed is gone for a moment. */
	ck_assert(kubeapi_delete(kube, KUBEAPI_CONFIGMAPS, ALONE_NS, ALONE));
	run(SCOPE_PRUNE_MS / 2);
	put_in(ALONE_NS, "renamed", ALONE, "Scale", "mode: Disabled");
	run((int64_t)2 * SCOPE_PRUNE_MS);
	ck_assert(watches_annex(0));
	ck_assert(kubeapi_delete(kube, KUBEAPI_CONFIGMAPS, ALONE_NS, "renamed"));
	run((int64_t)2 * SCOPE_PRUNE_MS);
	ck_assert(!watches_annex(0));
	nothing_foreign_is_kept(0);
	/* And again when one comes. */
	put_in(ALONE_NS, ALONE, ALONE, "Scale", "mode: Disabled");
	run(SETTLE_MS);
	ck_assert(watches_annex(0));
	const struct policy_status *s =
		engine_policy_named(loop_engine(actors[0].loop), ALONE_NS, ALONE);
	ck_assert_int_eq(s->pods, 4);
	ck_assert_int_eq(s->current, 4);
}
END_TEST

START_TEST(a_text_that_breaks_stays_in_its_shard_through_a_hand_over)
{
	char name[32];
	struct err err;
	foreign_name(name, sizeof(name), 2);
	ck_assert(kubeapi_delete(kube, KUBEAPI_CONFIGMAPS, NS, "svc-0"));
	put_policy(name, "svc-0");
	start_all(2, 2); /* a shard each */
	demand_all(5);
	run(SETTLE_MS);
	ck_assert_int_eq(served_put_policy(served, NS, name, "mode: Sacle\n", &err), 0);
	run(SETTLE_MS);
	ck_assert_int_eq(knowing(name), 1);
	/* Both are new: only the status object tells the target. */
	stop(&actors[0]);
	stop(&actors[1]);
	start(0, 2);
	start(1, 2);
	run(TAKE_OVER_MS + 2 * SETTLE_MS);
	ck_assert_int_eq(knowing(name), 1);
	demand_all(8);
	run(SETTLE_MS);
	ck_assert_int_eq(replicas("svc-0"), 8);
}
END_TEST

static bool hpa_is_raised(void)
{
	cJSON *hpa AUTO(json_cleanup) = kubeapi_get(kube, KUBEAPI_HPAS, NS, "svc-0");
	const cJSON *notes = json_at(hpa, "metadata.annotations");
	return cJSON_GetObjectItemCaseSensitive(notes, KUBE_HPA_FLOOR) != NULL;
}

/* Each sweeps for floors without a policy; the one that does not lead the shard knows of
 * no policy and must not give this one back. */
START_TEST(a_floor_is_left_alone_by_those_that_do_not_lead_its_shard)
{
	struct err err;
	ck_assert(kubeapi_put(kube, KUBEAPI_HPAS,
			      "{\"metadata\":{\"namespace\":\"" NS
			      "\",\"name\":\"svc-0\"},\"spec\":{\"scaleTargetRef\":{"
			      "\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
			      "\"name\":\"svc-0\"},\"minReplicas\":2,"
			      "\"maxReplicas\":20}}",
			      &err) == 0);
	ck_assert(kubeapi_delete(kube, KUBEAPI_CONFIGMAPS, NS, "svc-0"));
	put_mode("svc-0", "svc-0", "Floor", "mode: Always, history: 2d, leadTime: 60s");
	start_all(2, 2); /* a shard each */
	ck_assert(hpa_is_raised());
	for (int i = 0; i < 600; i++) {
		run(LOOK_MS);
		ck_assert(hpa_is_raised());
	}
	ck_assert(kubeapi_delete(kube, KUBEAPI_CONFIGMAPS, NS, "svc-0"));
	run(SETTLE_MS);
	ck_assert(!hpa_is_raised());
}
END_TEST

START_TEST(only_the_holder_exports_series_of_a_policy)
{
	start_all(2, 4);
	int all = 0;
	for (int i = 0; i < 2; i++) {
		const struct engine *e = loop_engine(actors[i].loop);
		for (int32_t k = 0; k < engine_policy_count(e); k++)
			all += engine_policy_status(e, k) != NULL;
	}
	ck_assert_int_eq(all, SERVICES);
}
END_TEST

START_TEST(a_pause_is_known_before_a_shard_is_decided)
{
	struct err err;
	start_all(1, 4);
	ck_assert(kubeapi_put(kube, KUBEAPI_CONFIGMAPS,
			      "{\"metadata\":{\"namespace\":\"" OWN_NS "\",\"name\":"
			      "\"foretop-pause\"},\"data\":{\"all\":\"forever\"}}",
			      &err) == 0);
	run(SYNC_MS + RETRY_MS);
	demand_all(9);
	start(1, 4);
	run(2 * MS_PER_MIN);
	ck_assert_int_eq(held(1), 2);
	each_is_known_once();
	ck_assert_int_eq(scale_writes(0), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shards");
	TCase *t = tcase_create("virtual time");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, three_replicas_share_16_shards_and_decide_each_policy_once);
	tcase_add_test(t, a_newcomer_gets_its_part_while_everything_moves);
	tcase_add_test(t, the_shards_of_one_that_is_killed_are_taken_in_time);
	tcase_add_test(t, who_has_no_part_stands_by_and_takes_over);
	tcase_add_test(t, a_lone_one_has_settled_when_all_shards_are_its_own);
	tcase_add_test(t, one_that_ends_in_order_gives_all_back_at_once);
	tcase_add_test(t,
		       nothing_is_written_when_leases_may_be_lost_and_all_goes_on_later);
	tcase_add_test(t,
		       a_shard_that_is_taken_by_force_is_left_alone_and_the_others_go_on);
	tcase_add_test(t, a_slow_server_costs_no_shard);
	tcase_add_test(t, clocks_that_jump_move_nothing);
	tcase_add_loop_test(t, another_number_of_shards_waits_for_the_last_of_the_former,
			    0, ARRAY_LEN(numbers));
	tcase_add_test(t, two_policies_of_one_target_are_in_one_hand);
	tcase_add_test(t, a_policy_that_changes_its_target_changes_hands);
	tcase_add_test(t, status_objects_name_who_took_over);
	tcase_add_test(t, who_comes_back_sees_what_has_happened_meanwhile);
	tcase_add_test(t, only_who_decides_watches_a_namespace_and_keeps_its_pods);
	tcase_add_test(t, a_namespace_without_policies_is_not_watched_any_more);
	tcase_add_test(t, the_status_objects_of_a_lone_leader_name_it_and_no_shard);
	tcase_add_test(t, a_text_that_breaks_stays_in_its_shard_through_a_hand_over);
	tcase_add_test(t, a_floor_is_left_alone_by_those_that_do_not_lead_its_shard);
	tcase_add_test(t, only_the_holder_exports_series_of_a_policy);
	tcase_add_test(t, a_pause_is_known_before_a_shard_is_decided);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
