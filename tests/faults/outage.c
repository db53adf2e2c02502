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
	tcase_add_loop_test(t, a_floor_without_a_policy_goes_back_whatever_fails_once, 0,
			    ARRAY_LEN(faults));
	tcase_add_loop_test(t, a_status_that_could_not_be_written_is_written_soon, 0,
			    ARRAY_LEN(refusals));
	suite_add_tcase(s, t);
	return run_suite(s);
}
