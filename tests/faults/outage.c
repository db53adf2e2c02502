/* The API server is away for a while, for a process that leads, or starts meanwhile, or
 * it fails a single request that nothing asks for again: in virtual time, how soon all is
 * as it should be. */
#include "faults/stage.h"
#include "unit/harness.h"

#include <string.h>

#define SEEDS    10
#define CALM_MS  MS_PER_MIN
#define SLICE_MS 100
/* Who has lost the lead looks for it between 1 and 2.2 retry periods apart; the policies
 * are listed and decided on at once then. */
#define TAKEN_MS (44 * MS_PER_S / 10 + MS_PER_S)
/* Who has kept the lead tries a failed write again in the next cycle. */
#define KEPT_MS (STAGE_SYNC_MS + MS_PER_S)

static const struct {
	int64_t away_ms;
	int64_t start_ms; /* a process starts so long after the server went; 0: none */
	int actors;
	int64_t within_ms;
} outages[] = {
	{5 * MS_PER_S, 0, 1, KEPT_MS},
	{8 * MS_PER_S, 0, 1, KEPT_MS},
	{30 * MS_PER_S, 0, 1, TAKEN_MS},
	{2 * MS_PER_MIN, MS_PER_MIN, 1, TAKEN_MS},
	{10 * MS_PER_MIN, MS_PER_S, 1, TAKEN_MS},
	{MS_PER_H, 0, 1, TAKEN_MS},
	{10 * MS_PER_MIN, 0, 2, TAKEN_MS},
};

static const struct plateau plan[] = {{0, 400}, {CALM_MS + MS_PER_S, 730}};

START_TEST(it_acts_soon_after_the_server_is_back)
{
	int outage = _i % (int)ARRAY_LEN(outages);
	struct stage s;
	const struct stage_config config = {.seed = (uint64_t)_i + 1,
					    .actors = outages[outage].actors,
					    .plan = plan,
					    .plan_count = ARRAY_LEN(plan),
					    .policy = "forecast: {mode: Disabled}\n",
					    .watch_lists = _i % 2};
	log_set_verbosity(-2);
	stage_open(&s, &config);
	stage_run(&s, CALM_MS);
	ck_assert_int_eq(stage_replicas(&s), 4);
	kubeapi_leave(s.kube, SQUATTER_NONE, outages[outage].away_ms);
	if (outages[outage].start_ms)
		stage_kill(&s.actors[0], outages[outage].start_ms);
	stage_run(&s, outages[outage].away_ms);
	ck_assert_int_eq(stage_replicas(&s), 4);
	int64_t late_ms = stage_now(&s) + outages[outage].within_ms;
	while (stage_replicas(&s) != 8 && stage_now(&s) < late_ms)
		stage_run(&s, SLICE_MS);
	ck_assert_int_eq(stage_replicas(&s), 8);
	stage_close(&s);
}
END_TEST

/* --- watches of one that has kept the lead --- */

/* The next try to renew, what it takes, and the watches after it. */
#define BACK_MS (2 * MS_PER_S + MS_PER_S)

/* The renew deadline, 10 s, counts from the last renewal before, and there must be a try
 * in it that succeeds: a retry period each. */
static const int64_t kept[] = {2 * MS_PER_S, 3 * MS_PER_S, 5 * MS_PER_S, 6 * MS_PER_S};

static void open_calm(struct stage *s, int seed, int32_t shards)
{
	const struct stage_config config = {.seed = (uint64_t)seed + 1,
					    .actors = 1,
					    .shards = shards,
					    .plan = plan,
					    .plan_count = 1,
					    .policy = "forecast: {mode: Disabled}\n",
					    .watch_lists = seed % 2};
	log_set_verbosity(-2);
	stage_open(s, &config);
	stage_run(s, CALM_MS);
}

START_TEST(watches_stand_soon_after_a_lease_that_was_kept)
{
	struct stage s;
	int64_t away_ms = kept[_i % (int)ARRAY_LEN(kept)];
	open_calm(&s, _i, _i % 3 ? 0 : 4);
	size_t watches = kubeapi_watches(s.kube);
	ck_assert_uint_ge(watches, 3); /* policies, Deployments, pods */
	kubeapi_leave(s.kube, SQUATTER_NONE, away_ms);
	stage_run(&s, away_ms);
	ck_assert_uint_eq(kubeapi_watches(s.kube), 0);
	int64_t late_ms = stage_now(&s) + BACK_MS;
	while (kubeapi_watches(s.kube) != watches && stage_now(&s) < late_ms)
		stage_run(&s, SLICE_MS);
	ck_assert_uint_eq(kubeapi_watches(s.kube), watches);
	ck_assert_int_eq(s.actors[0].starts, 1);
	stage_close(&s);
}
END_TEST

/* --- pauses that must stay --- */

#define STORM_MS (5 * MS_PER_MIN)

static void bend(struct stage *s, const char *line)
{
	struct fault fault;
	struct err err;
	ck_assert_int_eq(fault_parse(line, &fault, &err), 0);
	kubeapi_bend(s->kube, &fault);
}

/* Every watch of pods is refused. How often it was tried. */
static int tries_in_a_storm(struct stage *s, int64_t lease_fails_every_ms)
{
	int lease_failures = 0;
	bend(s, "0s kube status on=watches of=pods code=503 times=100000");
	kubeapi_cut_watches(s->kube);
	for (int64_t at_ms = 0; at_ms < STORM_MS; at_ms += MS_PER_S) {
		if (lease_fails_every_ms && at_ms % lease_fails_every_ms == 0) {
			bend(s, "0s kube status on=writes of=leases code=503");
			lease_failures++;
		}
		stage_run(s, MS_PER_S);
	}
	ck_assert_int_eq(s->actors[0].starts, 1);
	return kubeapi_struck(s->kube) - lease_failures;
}

/* 0.8 to 1.6 s, doubled up to 30 to 60 s. */
START_TEST(a_watch_that_alone_is_refused_keeps_its_pauses)
{
	struct stage s;
	open_calm(&s, _i, 0);
	int tries = tries_in_a_storm(&s, 0);
	ck_assert_int_ge(tries, 6);
	ck_assert_int_le(tries, 16);
	stage_close(&s);
}
END_TEST

/* When it is hurried, and in the pauses that follow, 0.8 to 1.6 s doubled, until it is
 * hurried again: after the longest pause, whatever the Lease does meanwhile. */
START_TEST(a_lease_that_fails_again_and_again_hurries_nothing_each_time)
{
	struct stage s;
	open_calm(&s, _i, 0);
	int tries = tries_in_a_storm(&s, 5 * MS_PER_S);
	int hurries = (int)(STORM_MS / BACKOFF_MAX_MS);
	ck_assert_int_ge(tries, 3 * hurries);
	ck_assert_int_le(tries, 7 * hurries);
	stage_close(&s);
}
END_TEST

/* --- floors of a former time --- */

#define ANNEX "annex" /* has no policies, so nothing there is watched */

static const char *const faults[] = {
	"",
	"0s kube status on=reads of=horizontalpodautoscalers times=2 code=503",
	"0s kube cut on=reads of=horizontalpodautoscalers times=1",
	"0s kube hang on=reads of=horizontalpodautoscalers times=1",
	"0s kube status on=writes of=horizontalpodautoscalers times=2 code=500",
	"0s kube status on=writes of=horizontalpodautoscalers times=1 code=409",
	"0s kube drop on=writes of=horizontalpodautoscalers times=1",
	"0s kube lose on=writes of=horizontalpodautoscalers times=1",
};

static void put_raised(struct stage *s)
{
	struct err err = {0};
	ck_assert_msg(
		kubeapi_put(s->kube, KUBEAPI_HPAS,
			    "{\"metadata\":{\"namespace\":\"" ANNEX
			    "\",\"name\":\"web\",\"annotations\":{"
			    "\"" KUBE_HPA_ORIGINAL "\":\"2\",\"" KUBE_HPA_FLOOR
			    "\":\"8\"}},\"spec\":{\"scaleTargetRef\":{"
			    "\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
			    "\"name\":\"web\"},\"minReplicas\":8,\"maxReplicas\":20}}",
			    &err) == 0,
		"%s", err.msg);
}

static int32_t minimum(struct stage *s)
{
	cJSON *hpa AUTO(json_cleanup) = kubeapi_get(s->kube, KUBEAPI_HPAS, ANNEX, "web");
	return hpa ? (int32_t)json_int(hpa, "spec.minReplicas", -1) : -1;
}

START_TEST(a_floor_without_a_policy_goes_back_whatever_fails_once)
{
	struct stage s;
	const struct stage_config config = {.seed = (uint64_t)_i + 1,
					    .actors = 1,
					    .plan = plan,
					    .plan_count = ARRAY_LEN(plan),
					    .policy = "forecast: {mode: Disabled}\n",
					    .watch_lists = true};
	log_set_verbosity(-2);
	stage_open(&s, &config);
	put_raised(&s);
	struct fault fault;
	struct err err;
	if (*faults[_i]) {
		ck_assert_int_eq(fault_parse(faults[_i], &fault, &err), 0);
		kubeapi_bend(s.kube, &fault);
	}
	ck_assert_int_eq(minimum(&s), 8);
	stage_run(&s, 2 * MS_PER_MIN);
	ck_assert_int_eq(kubeapi_struck(s.kube), *faults[_i] ? fault.times : 0);
	ck_assert_int_eq(minimum(&s), 2);
	stage_close(&s);
}
END_TEST

/* --- status objects --- */

static const char *const refusals[] = {
	"0s kube status on=writes of=configmaps times=1 code=503",
	"0s kube status on=writes of=configmaps times=3 code=500",
	"0s kube drop on=writes of=configmaps times=2",
	"0s kube hang on=writes of=configmaps times=1",
	/* It is read again after the conflict, and that fails. */
	("0s kube status on=writes of=configmaps times=1 code=409\n"
	 "0s kube status on=reads of=configmaps times=1 code=500"),
};

static char *hash_in_status(struct stage *s)
{
	cJSON *map AUTO(json_cleanup) =
		kubeapi_get(s->kube, KUBEAPI_CONFIGMAPS, "foretop", "shop.checkout");
	const cJSON *data = json_at(map, "data");
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(data, "status.json");
	ck_assert(cJSON_IsString(text));
	cJSON *status AUTO(json_cleanup) =
		json_parse(text->valuestring, strlen(text->valuestring), NULL);
	return xstrdup(json_str(status, "observedPolicyHash", ""));
}

START_TEST(a_status_that_could_not_be_written_is_written_soon)
{
	struct stage s;
	const struct stage_config config = {.seed = (uint64_t)_i + 1,
					    .actors = 1,
					    .plan = plan,
					    .plan_count = 1,
					    .policy = "forecast: {mode: Disabled}\n",
					    .watch_lists = true};
	struct fault bent[2];
	struct err err;
	log_set_verbosity(-2);
	stage_open(&s, &config);
	stage_run(&s, CALM_MS);
	char *before AUTO_FREE = hash_in_status(&s);
	int count = faults_parse(refusals[_i], bent, 2, &err);
	ck_assert_int_gt(count, 0);
	for (int i = 0; i < count; i++)
		kubeapi_bend(s.kube, &bent[i]);
	stage_put_policy(&s, STAGE_UNITS, STAGE_MAX - 1);
	stage_run(&s, 2 * MS_PER_MIN);
	ck_assert_int_eq(kubeapi_struck(s.kube),
			 bent[0].times + (count > 1 ? bent[1].times : 0));
	char *after AUTO_FREE = hash_in_status(&s);
	ck_assert_str_ne(after, before);
	stage_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("outage");
	TCase *t = tcase_create("virtual time");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, it_acts_soon_after_the_server_is_back, 0,
			    SEEDS * (int)ARRAY_LEN(outages));
	tcase_add_loop_test(t, watches_stand_soon_after_a_lease_that_was_kept, 0,
			    SEEDS * (int)ARRAY_LEN(kept));
	tcase_add_loop_test(t, a_watch_that_alone_is_refused_keeps_its_pauses, 0, SEEDS);
	tcase_add_loop_test(t,
			    a_lease_that_fails_again_and_again_hurries_nothing_each_time,
			    0, SEEDS);
	tcase_add_loop_test(t, a_floor_without_a_policy_goes_back_whatever_fails_once, 0,
			    ARRAY_LEN(faults));
	tcase_add_loop_test(t, a_status_that_could_not_be_written_is_written_soon, 0,
			    ARRAY_LEN(refusals));
	suite_add_tcase(s, t);
	return run_suite(s);
}
